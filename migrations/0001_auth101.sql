-- The tables of auth101, rendered by `cargo xtask schema`.

CREATE TABLE IF NOT EXISTS "users" (
    "id" VARCHAR(36) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "email" VARCHAR(255) NOT NULL,
    "email_verified" BOOLEAN NOT NULL,
    "image" VARCHAR(512),
    "is_active" BOOLEAN NOT NULL,
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL,
    PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX IF NOT EXISTS "ix_users_email" ON "users" ("email");

CREATE TABLE IF NOT EXISTS "account" (
    "id" VARCHAR(36) NOT NULL,
    "account_id" VARCHAR(255) NOT NULL,
    "provider_id" VARCHAR(64) NOT NULL,
    "user_id" VARCHAR(36) NOT NULL,
    "password" VARCHAR(255),
    "access_token" TEXT,
    "refresh_token" TEXT,
    "id_token" TEXT,
    "access_token_expires_at" DATETIME,
    "refresh_token_expires_at" DATETIME,
    "scope" VARCHAR(512),
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL,
    PRIMARY KEY ("id")
);

CREATE INDEX IF NOT EXISTS "ix_account_account_id" ON "account" ("account_id");

CREATE INDEX IF NOT EXISTS "ix_account_provider_id" ON "account" ("provider_id");

CREATE INDEX IF NOT EXISTS "ix_account_user_id" ON "account" ("user_id");

CREATE TABLE IF NOT EXISTS "session" (
    "id" VARCHAR(36) NOT NULL,
    "token" VARCHAR(36) NOT NULL,
    "expires_at" DATETIME NOT NULL,
    "user_id" VARCHAR(36) NOT NULL,
    "ip_address" VARCHAR(45),
    "user_agent" VARCHAR(512),
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL,
    PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX IF NOT EXISTS "ix_session_token" ON "session" ("token");

CREATE INDEX IF NOT EXISTS "ix_session_user_id" ON "session" ("user_id");

CREATE TABLE IF NOT EXISTS "verification" (
    "id" VARCHAR(36) NOT NULL,
    "identifier" VARCHAR(255) NOT NULL,
    "value" VARCHAR(255) NOT NULL,
    "expires_at" DATETIME NOT NULL,
    "created_at" DATETIME,
    "updated_at" DATETIME,
    PRIMARY KEY ("id")
);

CREATE INDEX IF NOT EXISTS "ix_verification_identifier" ON "verification" ("identifier");

CREATE INDEX IF NOT EXISTS "ix_verification_value" ON "verification" ("value");
