CREATE TABLE "sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"secret_hash" text NOT NULL,
	"tenant" text NOT NULL,
	"projects" text[] NOT NULL,
	"principal" text NOT NULL,
	"roles" text[] NOT NULL,
	"groups" text[] NOT NULL,
	"credential_id" text NOT NULL,
	"created_by" text,
	"makers" text[] NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"ended_at" bigint
);
--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "label" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "channel" text DEFAULT 'api' NOT NULL;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "makers" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "revoked_by" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "rotated_at" bigint;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "rotation_id" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "previous_hash" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "previous_until" bigint;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "request_digest" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "started_by" text;--> statement-breakpoint
CREATE INDEX "sessions_of_credential" ON "sessions" USING btree ("credential_id") WHERE "sessions"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "credentials_newest" ON "credentials" USING btree ("tenant","created_at","id");--> statement-breakpoint
-- What ends or changes a credential is told at once to every replica, which has it in a cache and in open streams.
CREATE FUNCTION tell_credential(p_credential_id text) RETURNS void
LANGUAGE sql AS $$ SELECT pg_notify('countersign_events', json_build_object('c', p_credential_id)::text) $$;
--> statement-breakpoint
-- A key, and its line in the tenant's chain, or neither. False where there is one of this id: it stands.
CREATE FUNCTION create_credential(p_credential jsonb, p_at bigint, p_body bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO credentials SELECT (jsonb_populate_record(NULL::credentials, p_credential)).* ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM append_audit(p_credential ->> 'tenant', ARRAY['key.created'], ARRAY[p_at], ARRAY[p_body]);
  RETURN true;
END
$$;
--> statement-breakpoint
-- Gives a live key another secret. The old one counts until `p_previous_until`, and so do sessions begun with it. Who has
-- seen the new secret is among the makers from now on. Nothing comes back where the key is revoked, gone, or was rotated
-- by the same request.
CREATE FUNCTION rotate_credential(
  p_tenant text, p_id text, p_secret_hash text, p_previous_until bigint, p_makers text[], p_rotation_id text,
  p_at bigint, p_body bytea
) RETURNS SETOF credentials
LANGUAGE plpgsql AS $$
DECLARE
  rotated credentials;
BEGIN
  UPDATE credentials c
     SET secret_hash = p_secret_hash, rotated_at = p_at, rotation_id = p_rotation_id,
         previous_hash = CASE WHEN p_previous_until > p_at THEN c.secret_hash END,
         previous_until = CASE WHEN p_previous_until > p_at THEN p_previous_until END,
         makers = ARRAY(SELECT DISTINCT m.name FROM unnest(c.makers || p_makers) AS m (name)
                         WHERE m.name <> c.principal ORDER BY m.name)
   WHERE c.tenant = p_tenant AND c.id = p_id AND c.revoked_at IS NULL
     AND c.rotation_id IS DISTINCT FROM p_rotation_id
  RETURNING c.* INTO rotated;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE sessions s
     SET expires_at = least(s.expires_at, p_previous_until),
         ended_at = CASE WHEN p_previous_until <= p_at THEN p_at END
   WHERE s.credential_id = p_id AND s.ended_at IS NULL;
  PERFORM append_audit(p_tenant, ARRAY['key.rotated'], ARRAY[p_at], ARRAY[p_body]);
  PERFORM tell_credential(p_id);
  RETURN NEXT rotated;
END
$$;
--> statement-breakpoint
-- Ends a key and every session begun with it. Nothing comes back where there is no live one.
CREATE FUNCTION revoke_credential(p_tenant text, p_id text, p_by text, p_at bigint, p_body bytea)
RETURNS SETOF credentials
LANGUAGE plpgsql AS $$
DECLARE
  revoked credentials;
BEGIN
  UPDATE credentials c
     SET revoked_at = p_at, revoked_by = p_by, previous_hash = NULL, previous_until = NULL
   WHERE c.tenant = p_tenant AND c.id = p_id AND c.revoked_at IS NULL
  RETURNING c.* INTO revoked;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE sessions s SET ended_at = p_at WHERE s.credential_id = p_id AND s.ended_at IS NULL;
  PERFORM append_audit(p_tenant, ARRAY['key.revoked'], ARRAY[p_at], ARRAY[p_body]);
  PERFORM tell_credential(p_id);
  RETURN NEXT revoked;
END
$$;
--> statement-breakpoint
-- Signs in.
CREATE FUNCTION start_session(p_session jsonb, p_at bigint, p_body bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sessions SELECT (jsonb_populate_record(NULL::sessions, p_session)).*;
  PERFORM append_audit(p_session ->> 'tenant', ARRAY['session.started'], ARRAY[p_at], ARRAY[p_body]);
END
$$;
--> statement-breakpoint
-- Signs out. False where the session was over.
CREATE FUNCTION end_session(p_tenant text, p_id text, p_at bigint, p_body bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sessions s SET ended_at = p_at WHERE s.tenant = p_tenant AND s.id = p_id AND s.ended_at IS NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM append_audit(p_tenant, ARRAY['session.ended'], ARRAY[p_at], ARRAY[p_body]);
  PERFORM tell_credential(p_id);
  RETURN true;
END
$$;
