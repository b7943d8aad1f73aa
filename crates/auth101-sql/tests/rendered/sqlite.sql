-- Every statement, rendered by `cargo xtask schema`. A step is one transaction.

-- create_user (POST /sign-up/email)
INSERT INTO "users" ("id", "name", "email", "email_verified", "image", "is_active", "created_at", "updated_at") SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM "users" WHERE "users"."email" = ?);
  -- user_id, name, email, email_verified, image, is_active, now, now, email
INSERT INTO "account" ("id", "account_id", "provider_id", "user_id", "password", "created_at", "updated_at") SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = ?) AND NOT EXISTS (SELECT 1 FROM "account" WHERE "account"."id" = ?);
  -- account_row_id, email, provider_id, user_id, password, now, now, user_id, account_row_id
INSERT INTO "session" ("id", "token", "expires_at", "user_id", "ip_address", "user_agent", "created_at", "updated_at") SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = ?) AND EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = ?);
  -- session_id, token, expires_at, user_id, ip_address, user_agent, now, now, session_id, user_id
SELECT "users"."id" AS user_id FROM "users" WHERE "users"."email" = ?;
  -- email

-- credentials_by_email (POST /sign-in/email, before the hash)
SELECT "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, "users"."email_verified" AS user_email_verified, "users"."image" AS user_image, "users"."is_active" AS user_is_active, "account"."id" AS account_row_id, "account"."password" AS account_password FROM "users" LEFT JOIN "account" ON "account"."user_id" = "users"."id" AND "account"."provider_id" = ? WHERE "users"."email" = ? ORDER BY "account"."created_at", "account"."id";
  -- provider_id, email

-- open_session (POST /sign-in/email, after the hash; the update only where a rehash is due)
DELETE FROM "session" WHERE "session"."user_id" = ? AND (CASE WHEN date("session"."expires_at") = substr("session"."expires_at", 1, 10) AND substr("session"."expires_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."expires_at", 'T', ' ') ELSE '' END <= ? OR CASE WHEN date("session"."created_at") = substr("session"."created_at", 1, 10) AND substr("session"."created_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."created_at", 'T', ' ') ELSE '' END <= ?);
  -- user_id, now, born
INSERT INTO "session" ("id", "token", "expires_at", "user_id", "ip_address", "user_agent", "created_at", "updated_at") SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = ?) AND EXISTS (SELECT 1 FROM "account" INNER JOIN "users" ON "users"."id" = "account"."user_id" WHERE "account"."id" = ? AND "account"."password" = ? AND "users"."id" = ? AND "users"."is_active");
  -- session_id, token, expires_at, user_id, ip_address, user_agent, now, now, session_id, account_row_id, verified_password, user_id
UPDATE "account" SET "password" = ?, "updated_at" = ? WHERE "account"."id" = ? AND "account"."password" = ? AND EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = ?);
  -- new_password, now, account_row_id, verified_password, session_id
SELECT "session"."id" AS session_id FROM "session" WHERE "session"."id" = ?;
  -- session_id

-- refresh_session (POST /refresh)
DELETE FROM "session" WHERE "session"."id" = ? AND "session"."user_id" = ? AND "session"."token" <> ? AND ("session"."token" <> ? OR CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END < ? OR CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END > ?);
  -- session_id, user_id, presented, successor, grace_from, grace_until
UPDATE "session" SET "token" = ?, "updated_at" = ?, "expires_at" = ? WHERE "session"."id" = ? AND "session"."token" = ? AND "session"."user_id" = ? AND CASE WHEN date("session"."expires_at") = substr("session"."expires_at", 1, 10) AND substr("session"."expires_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."expires_at", 'T', ' ') ELSE '' END > ? AND CASE WHEN date("session"."created_at") = substr("session"."created_at", 1, 10) AND substr("session"."created_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."created_at", 'T', ' ') ELSE '' END > ? AND (CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END < ? OR CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END > ?) AND EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = ? AND "users"."is_active");
  -- successor, now, expires_at, session_id, presented, user_id, now, born, paced_before, grace_until, user_id
SELECT "session"."id" AS session_id, "session"."token" AS session_token, "session"."user_id" AS session_user_id, "session"."expires_at" AS session_expires_at, "session"."created_at" AS session_created_at, "session"."updated_at" AS session_updated_at, "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, "users"."email_verified" AS user_email_verified, "users"."image" AS user_image, "users"."is_active" AS user_is_active FROM "session" LEFT JOIN "users" ON "users"."id" = "session"."user_id" WHERE "session"."id" = ?;
  -- session_id
DELETE FROM "session" WHERE "session"."id" = ? AND (CASE WHEN date("session"."expires_at") = substr("session"."expires_at", 1, 10) AND substr("session"."expires_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."expires_at", 'T', ' ') ELSE '' END <= ? OR CASE WHEN date("session"."created_at") = substr("session"."created_at", 1, 10) AND substr("session"."created_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."created_at", 'T', ' ') ELSE '' END <= ?);
  -- session_id, now, born

-- refresh_session, token without sid
DELETE FROM "session" WHERE "session"."token" IN (?, ?) AND "session"."user_id" = ? AND "session"."token" <> ? AND ("session"."token" <> ? OR CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END < ? OR CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END > ?);
  -- presented, successor, user_id, presented, successor, grace_from, grace_until
UPDATE "session" SET "token" = ?, "updated_at" = ?, "expires_at" = ? WHERE "session"."token" IN (?, ?) AND "session"."token" = ? AND "session"."user_id" = ? AND CASE WHEN date("session"."expires_at") = substr("session"."expires_at", 1, 10) AND substr("session"."expires_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."expires_at", 'T', ' ') ELSE '' END > ? AND CASE WHEN date("session"."created_at") = substr("session"."created_at", 1, 10) AND substr("session"."created_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."created_at", 'T', ' ') ELSE '' END > ? AND (CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END < ? OR CASE WHEN date("session"."updated_at") = substr("session"."updated_at", 1, 10) AND substr("session"."updated_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."updated_at", 'T', ' ') ELSE '' END > ?) AND EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = ? AND "users"."is_active");
  -- successor, now, expires_at, presented, successor, presented, user_id, now, born, paced_before, grace_until, user_id
SELECT "session"."id" AS session_id, "session"."token" AS session_token, "session"."user_id" AS session_user_id, "session"."expires_at" AS session_expires_at, "session"."created_at" AS session_created_at, "session"."updated_at" AS session_updated_at, "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, "users"."email_verified" AS user_email_verified, "users"."image" AS user_image, "users"."is_active" AS user_is_active FROM "session" LEFT JOIN "users" ON "users"."id" = "session"."user_id" WHERE "session"."token" IN (?, ?);
  -- presented, successor
DELETE FROM "session" WHERE "session"."token" IN (?, ?) AND (CASE WHEN date("session"."expires_at") = substr("session"."expires_at", 1, 10) AND substr("session"."expires_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."expires_at", 'T', ' ') ELSE '' END <= ? OR CASE WHEN date("session"."created_at") = substr("session"."created_at", 1, 10) AND substr("session"."created_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."created_at", 'T', ' ') ELSE '' END <= ?);
  -- presented, successor, now, born

-- user_of_session (GET /session)
SELECT "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, "users"."email_verified" AS user_email_verified, "users"."image" AS user_image, "users"."is_active" AS user_is_active, "session"."id" AS session_id, "session"."token" AS session_token, "session"."user_id" AS session_user_id, "session"."expires_at" AS session_expires_at, "session"."created_at" AS session_created_at, "session"."updated_at" AS session_updated_at FROM "users" LEFT JOIN "session" ON "session"."id" = ? AND "session"."user_id" = "users"."id" WHERE "users"."id" = ?;
  -- session_id, user_id

-- user_of_session, token without sid
SELECT "users"."id" AS user_id, "users"."name" AS user_name, "users"."email" AS user_email, "users"."email_verified" AS user_email_verified, "users"."image" AS user_image, "users"."is_active" AS user_is_active FROM "users" WHERE "users"."id" = ?;
  -- user_id

-- close_session (POST /revoke, POST /sign-out)
DELETE FROM "session" WHERE "session"."id" = ? AND "session"."user_id" = ?;
  -- session_id, user_id

-- close_session, token without sid
DELETE FROM "session" WHERE "session"."token" IN (?, ?) AND "session"."user_id" = ?;
  -- presented, successor, user_id

-- purge_expired (scheduled), a page
DELETE FROM "session" WHERE "session"."id" > ? AND "session"."id" <= ? AND (CASE WHEN date("session"."expires_at") = substr("session"."expires_at", 1, 10) AND substr("session"."expires_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."expires_at", 'T', ' ') ELSE '' END <= ? OR CASE WHEN date("session"."created_at") = substr("session"."created_at", 1, 10) AND substr("session"."created_at", 11) NOT GLOB '*[^T0-9:. ]*' THEN replace("session"."created_at", 'T', ' ') ELSE '' END <= ?);
  -- after, until, now, born
SELECT MAX(id) AS session_id FROM (SELECT "session"."id" AS id FROM "session" WHERE "session"."id" > ? ORDER BY "session"."id" LIMIT 250) AS page;
  -- until
