-- Every statement, rendered by `cargo xtask schema`. A step is one transaction.

-- create_user (POST /sign-up/email)
INSERT INTO "users" ("id", "name", "email", "email_verified", "image", "is_active", "created_at", "updated_at") SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BOOLEAN), CAST($5 AS TEXT), CAST($6 AS BOOLEAN), CAST(CAST($7 AS TEXT) AS TIMESTAMP), CAST(CAST($8 AS TEXT) AS TIMESTAMP) WHERE NOT EXISTS (SELECT 1 FROM "users" WHERE "users"."email" = CAST($9 AS TEXT));
  -- user_id, name, email, email_verified, image, is_active, now, now, email
INSERT INTO "account" ("id", "account_id", "provider_id", "user_id", "password", "created_at", "updated_at") SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST(CAST($6 AS TEXT) AS TIMESTAMP), CAST(CAST($7 AS TEXT) AS TIMESTAMP) WHERE EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = CAST($8 AS TEXT)) AND NOT EXISTS (SELECT 1 FROM "account" WHERE "account"."id" = CAST($9 AS TEXT));
  -- account_row_id, email, provider_id, user_id, password, now, now, user_id, account_row_id
INSERT INTO "session" ("id", "token", "expires_at", "user_id", "ip_address", "user_agent", "created_at", "updated_at") SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST(CAST($3 AS TEXT) AS TIMESTAMP), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST(CAST($7 AS TEXT) AS TIMESTAMP), CAST(CAST($8 AS TEXT) AS TIMESTAMP) WHERE NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = CAST($9 AS TEXT)) AND EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = CAST($10 AS TEXT));
  -- session_id, token, expires_at, user_id, ip_address, user_agent, now, now, session_id, user_id
SELECT "users"."id" AS user_id FROM "users" WHERE "users"."email" = CAST($1 AS TEXT);
  -- email

-- credentials_by_email (POST /sign-in/email, before the hash)
SELECT "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, COALESCE(lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$' OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}', FALSE) AS user_email_verified, "users"."image" AS user_image, COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE) AS user_is_active, "account"."id" AS account_row_id, "account"."password" AS account_password FROM "users" LEFT JOIN "account" ON "account"."user_id" = "users"."id" AND "account"."provider_id" = CAST($1 AS TEXT) WHERE "users"."email" = CAST($2 AS TEXT) ORDER BY "account"."created_at", "account"."id";
  -- provider_id, email

-- open_session (POST /sign-in/email, after the hash; the update only where a rehash is due)
SELECT "users"."id" AS user_id FROM "users" WHERE "users"."id" = CAST($1 AS TEXT) FOR SHARE;
  -- user_id
SELECT "account"."id" AS account_row_id FROM "account" WHERE "account"."id" = CAST($1 AS TEXT) FOR NO KEY UPDATE;
  -- account_row_id
DELETE FROM "session" WHERE "session"."user_id" = CAST($1 AS TEXT) AND (CASE WHEN "session"."expires_at" < TIMESTAMP '10000-01-01' THEN "session"."expires_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($2 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."created_at" < TIMESTAMP '10000-01-01' THEN "session"."created_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($3 AS TEXT) AS TIMESTAMP));
  -- user_id, now, born
INSERT INTO "session" ("id", "token", "expires_at", "user_id", "ip_address", "user_agent", "created_at", "updated_at") SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST(CAST($3 AS TEXT) AS TIMESTAMP), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST(CAST($7 AS TEXT) AS TIMESTAMP), CAST(CAST($8 AS TEXT) AS TIMESTAMP) WHERE NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = CAST($9 AS TEXT)) AND EXISTS (SELECT 1 FROM "account" INNER JOIN "users" ON "users"."id" = "account"."user_id" WHERE "account"."id" = CAST($10 AS TEXT) AND "account"."password" = CAST($11 AS TEXT) AND "users"."id" = CAST($12 AS TEXT) AND COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE));
  -- session_id, token, expires_at, user_id, ip_address, user_agent, now, now, session_id, account_row_id, verified_password, user_id
UPDATE "account" SET "password" = CAST($1 AS TEXT), "updated_at" = CAST(CAST($2 AS TEXT) AS TIMESTAMP) WHERE "account"."id" = CAST($3 AS TEXT) AND "account"."password" = CAST($4 AS TEXT) AND EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = CAST($5 AS TEXT));
  -- new_password, now, account_row_id, verified_password, session_id
SELECT "session"."id" AS session_id FROM "session" WHERE "session"."id" = CAST($1 AS TEXT);
  -- session_id

-- refresh_session (POST /refresh)
SELECT "users"."id" AS user_id FROM "users" WHERE "users"."id" = CAST($1 AS TEXT) FOR SHARE;
  -- user_id
SELECT "session"."id" AS session_id FROM "session" WHERE "session"."id" = CAST($1 AS TEXT) FOR UPDATE;
  -- session_id
DELETE FROM "session" WHERE "session"."id" = CAST($1 AS TEXT) AND "session"."user_id" = CAST($2 AS TEXT) AND "session"."token" <> CAST($3 AS TEXT) AND ("session"."token" <> CAST($4 AS TEXT) OR CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END < CAST(CAST($5 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($6 AS TEXT) AS TIMESTAMP));
  -- session_id, user_id, presented, successor, grace_from, grace_until
UPDATE "session" SET "token" = CAST($1 AS TEXT), "updated_at" = CAST(CAST($2 AS TEXT) AS TIMESTAMP), "expires_at" = CAST(CAST($3 AS TEXT) AS TIMESTAMP) WHERE "session"."id" = CAST($4 AS TEXT) AND "session"."token" = CAST($5 AS TEXT) AND "session"."user_id" = CAST($6 AS TEXT) AND CASE WHEN "session"."expires_at" < TIMESTAMP '10000-01-01' THEN "session"."expires_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($7 AS TEXT) AS TIMESTAMP) AND CASE WHEN "session"."created_at" < TIMESTAMP '10000-01-01' THEN "session"."created_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($8 AS TEXT) AS TIMESTAMP) AND (CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END < CAST(CAST($9 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($10 AS TEXT) AS TIMESTAMP)) AND EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = CAST($11 AS TEXT) AND COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE));
  -- successor, now, expires_at, session_id, presented, user_id, now, born, paced_before, grace_until, user_id
SELECT "session"."id" AS session_id, "session"."token" AS session_token, "session"."user_id" AS session_user_id, to_char("session"."expires_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_expires_at, to_char("session"."created_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_created_at, to_char("session"."updated_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_updated_at, "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, COALESCE(lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$' OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}', FALSE) AS user_email_verified, "users"."image" AS user_image, COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE) AS user_is_active FROM "session" LEFT JOIN "users" ON "users"."id" = "session"."user_id" WHERE "session"."id" = CAST($1 AS TEXT);
  -- session_id
DELETE FROM "session" WHERE "session"."id" = CAST($1 AS TEXT) AND (CASE WHEN "session"."expires_at" < TIMESTAMP '10000-01-01' THEN "session"."expires_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($2 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."created_at" < TIMESTAMP '10000-01-01' THEN "session"."created_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($3 AS TEXT) AS TIMESTAMP));
  -- session_id, now, born

-- refresh_session, token without sid
SELECT "users"."id" AS user_id FROM "users" WHERE "users"."id" = CAST($1 AS TEXT) FOR SHARE;
  -- user_id
SELECT "session"."id" AS session_id FROM "session" WHERE "session"."token" IN (CAST($1 AS TEXT), CAST($2 AS TEXT)) FOR UPDATE;
  -- presented, successor
DELETE FROM "session" WHERE "session"."token" IN (CAST($1 AS TEXT), CAST($2 AS TEXT)) AND "session"."user_id" = CAST($3 AS TEXT) AND "session"."token" <> CAST($4 AS TEXT) AND ("session"."token" <> CAST($5 AS TEXT) OR CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END < CAST(CAST($6 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($7 AS TEXT) AS TIMESTAMP));
  -- presented, successor, user_id, presented, successor, grace_from, grace_until
UPDATE "session" SET "token" = CAST($1 AS TEXT), "updated_at" = CAST(CAST($2 AS TEXT) AS TIMESTAMP), "expires_at" = CAST(CAST($3 AS TEXT) AS TIMESTAMP) WHERE "session"."token" IN (CAST($4 AS TEXT), CAST($5 AS TEXT)) AND "session"."token" = CAST($6 AS TEXT) AND "session"."user_id" = CAST($7 AS TEXT) AND CASE WHEN "session"."expires_at" < TIMESTAMP '10000-01-01' THEN "session"."expires_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($8 AS TEXT) AS TIMESTAMP) AND CASE WHEN "session"."created_at" < TIMESTAMP '10000-01-01' THEN "session"."created_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($9 AS TEXT) AS TIMESTAMP) AND (CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END < CAST(CAST($10 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."updated_at" < TIMESTAMP '10000-01-01' THEN "session"."updated_at" ELSE TIMESTAMP '-infinity' END > CAST(CAST($11 AS TEXT) AS TIMESTAMP)) AND EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = CAST($12 AS TEXT) AND COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE));
  -- successor, now, expires_at, presented, successor, presented, user_id, now, born, paced_before, grace_until, user_id
SELECT "session"."id" AS session_id, "session"."token" AS session_token, "session"."user_id" AS session_user_id, to_char("session"."expires_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_expires_at, to_char("session"."created_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_created_at, to_char("session"."updated_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_updated_at, "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, COALESCE(lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$' OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}', FALSE) AS user_email_verified, "users"."image" AS user_image, COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE) AS user_is_active FROM "session" LEFT JOIN "users" ON "users"."id" = "session"."user_id" WHERE "session"."token" IN (CAST($1 AS TEXT), CAST($2 AS TEXT));
  -- presented, successor
DELETE FROM "session" WHERE "session"."token" IN (CAST($1 AS TEXT), CAST($2 AS TEXT)) AND (CASE WHEN "session"."expires_at" < TIMESTAMP '10000-01-01' THEN "session"."expires_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($3 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."created_at" < TIMESTAMP '10000-01-01' THEN "session"."created_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($4 AS TEXT) AS TIMESTAMP));
  -- presented, successor, now, born

-- user_of_session (GET /session)
SELECT "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, COALESCE(lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$' OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}', FALSE) AS user_email_verified, "users"."image" AS user_image, COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE) AS user_is_active, "session"."id" AS session_id, "session"."token" AS session_token, "session"."user_id" AS session_user_id, to_char("session"."expires_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_expires_at, to_char("session"."created_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_created_at, to_char("session"."updated_at", 'YYYY-MM-DD HH24:MI:SS.US') AS session_updated_at FROM "users" LEFT JOIN "session" ON "session"."id" = CAST($1 AS TEXT) AND "session"."user_id" = "users"."id" WHERE "users"."id" = CAST($2 AS TEXT);
  -- session_id, user_id

-- user_of_session, token without sid
SELECT "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, COALESCE(lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$' OR lower(btrim(to_jsonb("users"."email_verified") #>> '{}')) ~ '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}', FALSE) AS user_email_verified, "users"."image" AS user_image, COALESCE(lower(btrim(to_jsonb("users"."is_active") #>> '{}')) IN ('t', 'true', 'y', 'yes', 'on') OR lower(btrim(to_jsonb("users"."is_active") #>> '{}')) ~ '^-?[0-9.]*[1-9][0-9.]*$', FALSE) AS user_is_active FROM "users" WHERE "users"."id" = CAST($1 AS TEXT);
  -- user_id

-- close_session (POST /revoke, POST /sign-out)
DELETE FROM "session" WHERE "session"."id" = CAST($1 AS TEXT) AND "session"."user_id" = CAST($2 AS TEXT);
  -- session_id, user_id

-- close_session, token without sid
DELETE FROM "session" WHERE "session"."token" IN (CAST($1 AS TEXT), CAST($2 AS TEXT)) AND "session"."user_id" = CAST($3 AS TEXT);
  -- presented, successor, user_id

-- purge_expired (scheduled), a page
DELETE FROM "session" WHERE "session"."id" > CAST($1 AS TEXT) AND "session"."id" <= CAST($2 AS TEXT) AND (CASE WHEN "session"."expires_at" < TIMESTAMP '10000-01-01' THEN "session"."expires_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($3 AS TEXT) AS TIMESTAMP) OR CASE WHEN "session"."created_at" < TIMESTAMP '10000-01-01' THEN "session"."created_at" ELSE TIMESTAMP '-infinity' END <= CAST(CAST($4 AS TEXT) AS TIMESTAMP));
  -- after, until, now, born
SELECT MAX(id) AS session_id FROM (SELECT "session"."id" AS id FROM "session" WHERE "session"."id" > CAST($1 AS TEXT) ORDER BY "session"."id" LIMIT 1000) AS page;
  -- until
