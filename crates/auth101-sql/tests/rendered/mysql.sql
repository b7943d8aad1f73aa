-- Every statement, rendered by `cargo xtask schema`. A step is one transaction.

-- create_user (POST /sign-up/email)
INSERT INTO `users` (`id`, `name`, `email`, `email_verified`, `image`, `is_active`, `created_at`, `updated_at`) SELECT ?, ?, ?, ?, ?, ?, ?, ? FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM `users` WHERE `users`.`email` = ?);
  -- user_id, name, email, email_verified, image, is_active, now, now, email
INSERT INTO `account` (`id`, `account_id`, `provider_id`, `user_id`, `password`, `created_at`, `updated_at`) SELECT ?, ?, ?, ?, ?, ?, ? FROM DUAL WHERE EXISTS (SELECT 1 FROM `users` WHERE `users`.`id` = ?) AND NOT EXISTS (SELECT 1 FROM `account` WHERE `account`.`id` = ?);
  -- account_row_id, email, provider_id, user_id, password, now, now, user_id, account_row_id
INSERT INTO `session` (`id`, `token`, `expires_at`, `user_id`, `ip_address`, `user_agent`, `created_at`, `updated_at`) SELECT ?, ?, ?, ?, ?, ?, ?, ? FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM `session` WHERE `session`.`id` = ?) AND EXISTS (SELECT 1 FROM `users` WHERE `users`.`id` = ?);
  -- session_id, token, expires_at, user_id, ip_address, user_agent, now, now, session_id, user_id
SELECT `users`.`id` AS user_id FROM `users` WHERE `users`.`email` = ?;
  -- email

-- credentials_by_email (POST /sign-in/email, before the hash)
SELECT `users`.`id` AS user_id, `users`.`name` AS user_name, `users`.`email` AS user_email, COALESCE(LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}' OR CAST(`users`.`email_verified` AS BINARY) = x'01', 0) AS user_email_verified, `users`.`image` AS user_image, COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0) AS user_is_active, `account`.`id` AS account_row_id, `account`.`password` AS account_password FROM `users` LEFT JOIN `account` ON `account`.`user_id` = `users`.`id` AND `account`.`provider_id` = ? WHERE `users`.`email` = ? ORDER BY `account`.`created_at`, `account`.`id`;
  -- provider_id, email

-- open_session (POST /sign-in/email, after the hash; the update only where a rehash is due)
SELECT `users`.`id` AS user_id FROM `users` WHERE `users`.`id` = ? LOCK IN SHARE MODE;
  -- user_id
SELECT `account`.`id` AS account_row_id FROM `account` WHERE `account`.`id` = ? FOR UPDATE;
  -- account_row_id
DELETE FROM `session` WHERE `session`.`user_id` = ? AND (COALESCE(`session`.`expires_at`, TIMESTAMP'1000-01-01 00:00:00') <= ? OR COALESCE(`session`.`created_at`, TIMESTAMP'1000-01-01 00:00:00') <= ?);
  -- user_id, now, born
INSERT INTO `session` (`id`, `token`, `expires_at`, `user_id`, `ip_address`, `user_agent`, `created_at`, `updated_at`) SELECT ?, ?, ?, ?, ?, ?, ?, ? FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM `session` WHERE `session`.`id` = ?) AND EXISTS (SELECT 1 FROM `account` INNER JOIN `users` ON `users`.`id` = `account`.`user_id` WHERE `account`.`id` = ? AND `account`.`password` = ? AND `users`.`id` = ? AND COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0));
  -- session_id, token, expires_at, user_id, ip_address, user_agent, now, now, session_id, account_row_id, verified_password, user_id
UPDATE `account` SET `password` = ?, `updated_at` = ? WHERE `account`.`id` = ? AND `account`.`password` = ? AND EXISTS (SELECT 1 FROM `session` WHERE `session`.`id` = ?);
  -- new_password, now, account_row_id, verified_password, session_id
SELECT `session`.`id` AS session_id FROM `session` WHERE `session`.`id` = ?;
  -- session_id

-- refresh_session (POST /refresh)
SELECT `users`.`id` AS user_id FROM `users` WHERE `users`.`id` = ? LOCK IN SHARE MODE;
  -- user_id
SELECT `session`.`id` AS session_id FROM `session` WHERE `session`.`id` = ? FOR UPDATE;
  -- session_id
DELETE FROM `session` WHERE `session`.`id` = ? AND `session`.`user_id` = ? AND `session`.`token` <> ? AND (`session`.`token` <> ? OR COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') < ? OR COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') > ?);
  -- session_id, user_id, presented, successor, grace_from, grace_until
UPDATE `session` SET `token` = ?, `updated_at` = ?, `expires_at` = ? WHERE `session`.`id` = ? AND `session`.`token` = ? AND `session`.`user_id` = ? AND COALESCE(`session`.`expires_at`, TIMESTAMP'1000-01-01 00:00:00') > ? AND COALESCE(`session`.`created_at`, TIMESTAMP'1000-01-01 00:00:00') > ? AND (COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') < ? OR COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') > ?) AND EXISTS (SELECT 1 FROM `users` WHERE `users`.`id` = ? AND COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0));
  -- successor, now, expires_at, session_id, presented, user_id, now, born, paced_before, grace_until, user_id
SELECT `session`.`id` AS session_id, `session`.`token` AS session_token, `session`.`user_id` AS session_user_id, DATE_FORMAT(`session`.`expires_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_expires_at, DATE_FORMAT(`session`.`created_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_created_at, DATE_FORMAT(`session`.`updated_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_updated_at, `users`.`id` AS user_id, `users`.`name` AS user_name, `users`.`email` AS user_email, COALESCE(LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}' OR CAST(`users`.`email_verified` AS BINARY) = x'01', 0) AS user_email_verified, `users`.`image` AS user_image, COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0) AS user_is_active FROM `session` LEFT JOIN `users` ON `users`.`id` = `session`.`user_id` WHERE `session`.`id` = ?;
  -- session_id
DELETE FROM `session` WHERE `session`.`id` = ? AND (COALESCE(`session`.`expires_at`, TIMESTAMP'1000-01-01 00:00:00') <= ? OR COALESCE(`session`.`created_at`, TIMESTAMP'1000-01-01 00:00:00') <= ?);
  -- session_id, now, born

-- refresh_session, token without sid
SELECT `users`.`id` AS user_id FROM `users` WHERE `users`.`id` = ? LOCK IN SHARE MODE;
  -- user_id
SELECT `session`.`id` AS session_id FROM `session` WHERE `session`.`token` IN (?, ?) FOR UPDATE;
  -- presented, successor
DELETE FROM `session` WHERE `session`.`token` IN (?, ?) AND `session`.`user_id` = ? AND `session`.`token` <> ? AND (`session`.`token` <> ? OR COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') < ? OR COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') > ?);
  -- presented, successor, user_id, presented, successor, grace_from, grace_until
UPDATE `session` SET `token` = ?, `updated_at` = ?, `expires_at` = ? WHERE `session`.`token` IN (?, ?) AND `session`.`token` = ? AND `session`.`user_id` = ? AND COALESCE(`session`.`expires_at`, TIMESTAMP'1000-01-01 00:00:00') > ? AND COALESCE(`session`.`created_at`, TIMESTAMP'1000-01-01 00:00:00') > ? AND (COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') < ? OR COALESCE(`session`.`updated_at`, TIMESTAMP'1000-01-01 00:00:00') > ?) AND EXISTS (SELECT 1 FROM `users` WHERE `users`.`id` = ? AND COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0));
  -- successor, now, expires_at, presented, successor, presented, user_id, now, born, paced_before, grace_until, user_id
SELECT `session`.`id` AS session_id, `session`.`token` AS session_token, `session`.`user_id` AS session_user_id, DATE_FORMAT(`session`.`expires_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_expires_at, DATE_FORMAT(`session`.`created_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_created_at, DATE_FORMAT(`session`.`updated_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_updated_at, `users`.`id` AS user_id, `users`.`name` AS user_name, `users`.`email` AS user_email, COALESCE(LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}' OR CAST(`users`.`email_verified` AS BINARY) = x'01', 0) AS user_email_verified, `users`.`image` AS user_image, COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0) AS user_is_active FROM `session` LEFT JOIN `users` ON `users`.`id` = `session`.`user_id` WHERE `session`.`token` IN (?, ?);
  -- presented, successor
DELETE FROM `session` WHERE `session`.`token` IN (?, ?) AND (COALESCE(`session`.`expires_at`, TIMESTAMP'1000-01-01 00:00:00') <= ? OR COALESCE(`session`.`created_at`, TIMESTAMP'1000-01-01 00:00:00') <= ?);
  -- presented, successor, now, born

-- user_of_session (GET /session)
SELECT `users`.`id` AS user_id, `users`.`name` AS user_name, `users`.`email` AS user_email, COALESCE(LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}' OR CAST(`users`.`email_verified` AS BINARY) = x'01', 0) AS user_email_verified, `users`.`image` AS user_image, COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0) AS user_is_active, `session`.`id` AS session_id, `session`.`token` AS session_token, `session`.`user_id` AS session_user_id, DATE_FORMAT(`session`.`expires_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_expires_at, DATE_FORMAT(`session`.`created_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_created_at, DATE_FORMAT(`session`.`updated_at`, '%Y-%m-%d %H:%i:%s.%f') AS session_updated_at FROM `users` LEFT JOIN `session` ON `session`.`id` = ? AND `session`.`user_id` = `users`.`id` WHERE `users`.`id` = ?;
  -- session_id, user_id

-- user_of_session, token without sid
SELECT `users`.`id` AS user_id, `users`.`name` AS user_name, `users`.`email` AS user_email, COALESCE(LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR LOWER(TRIM(CAST(`users`.`email_verified` AS CHAR))) REGEXP '^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}' OR CAST(`users`.`email_verified` AS BINARY) = x'01', 0) AS user_email_verified, `users`.`image` AS user_image, COALESCE(LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) IN ('t', 'true', 'y', 'yes', 'on') OR LOWER(TRIM(CAST(`users`.`is_active` AS CHAR))) REGEXP '^-?[0-9.]*[1-9][0-9.]*$' OR CAST(`users`.`is_active` AS BINARY) = x'01', 0) AS user_is_active FROM `users` WHERE `users`.`id` = ?;
  -- user_id

-- close_session (POST /revoke, POST /sign-out)
DELETE FROM `session` WHERE `session`.`id` = ? AND `session`.`user_id` = ?;
  -- session_id, user_id

-- close_session, token without sid
DELETE FROM `session` WHERE `session`.`token` IN (?, ?) AND `session`.`user_id` = ?;
  -- presented, successor, user_id

-- purge_expired (scheduled), a page
DELETE FROM `session` WHERE `session`.`id` > ? AND `session`.`id` <= ? AND (COALESCE(`session`.`expires_at`, TIMESTAMP'1000-01-01 00:00:00') <= ? OR COALESCE(`session`.`created_at`, TIMESTAMP'1000-01-01 00:00:00') <= ?);
  -- after, until, now, born
SELECT MAX(id) AS session_id FROM (SELECT `session`.`id` AS id FROM `session` WHERE `session`.`id` > ? ORDER BY `session`.`id` LIMIT 1000) AS page;
  -- until
