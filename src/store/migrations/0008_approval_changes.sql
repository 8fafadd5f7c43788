CREATE TABLE "approval_changes" (
	"change_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "approval_changes_change_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"xid" xid8 NOT NULL,
	"tenant" text NOT NULL,
	"project" text NOT NULL,
	"approval_id" text NOT NULL,
	"type" text NOT NULL,
	"revision" integer NOT NULL,
	"seq" bigint NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "approval_feeds" (
	"place" text PRIMARY KEY NOT NULL,
	"generation" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "approval_changes_of_project" ON "approval_changes" USING btree ("tenant","project","xid");
--> statement-breakpoint
-- A crash, a failover or a restore empties both, and readers begin anew with a snapshot.
ALTER TABLE approval_changes SET UNLOGGED;
--> statement-breakpoint
ALTER TABLE approval_feeds SET UNLOGGED;
--> statement-breakpoint
-- Where these rows are: transaction ids mean something in one cluster only, and a copied database is another.
CREATE FUNCTION feed_place() RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  cluster text := '';
  database text := (SELECT d.oid::text FROM pg_database d WHERE d.datname = current_database());
BEGIN
  BEGIN
    SELECT c.system_identifier::text INTO cluster FROM pg_control_system() c;
  EXCEPTION WHEN insufficient_privilege THEN
    NULL;
  END;
  RETURN cluster || '/' || database;
END
$$;
--> statement-breakpoint
-- The generation of changes that is being written here; begins one where there is none.
CREATE FUNCTION feed_generation() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  known text;
BEGIN
  SELECT f.generation INTO known FROM approval_feeds f WHERE f.place = feed_place();
  IF FOUND THEN RETURN known; END IF;
  INSERT INTO approval_feeds (place, generation)
  VALUES (feed_place(), left(replace(gen_random_uuid()::text, '-', ''), 16))
  ON CONFLICT DO NOTHING;
  SELECT f.generation INTO known FROM approval_feeds f WHERE f.place = feed_place();
  RETURN known;
END
$$;
--> statement-breakpoint
-- Notes what has happened to an approval, and wakes who follows those of its project.
CREATE FUNCTION note_approval_change(
  p_tenant text, p_project text, p_approval_id text, p_root_run_id text, p_type text, p_revision integer
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO approval_changes (xid, tenant, project, approval_id, type, revision, seq, at)
  SELECT pg_current_xact_id(), p_tenant, p_project, p_approval_id, p_type, p_revision, s.seq,
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    FROM streams s WHERE s.root_run_id = p_root_run_id;
  -- Told once a transaction, however many there are.
  PERFORM pg_notify('countersign_events', json_build_object('t', p_tenant, 'p', p_project, 'a', true)::text);
END
$$;
--> statement-breakpoint
CREATE FUNCTION approval_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  type text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    type := 'approval.requested';
  ELSIF NEW.revision <> OLD.revision THEN
    type := 'approval.requested';
  ELSIF NEW.status <> OLD.status THEN
    type := CASE NEW.status
      WHEN 'pending' THEN 'approval.reopened'
      WHEN 'superseded' THEN 'approval.superseded'
      WHEN 'expired' THEN 'approval.expired'
      WHEN 'withdrawn' THEN 'approval.withdrawn'
      ELSE 'approval.decided' END;
  ELSIF NEW.votes IS DISTINCT FROM OLD.votes THEN
    type := 'approval.vote_recorded';
  ELSIF NEW.escalated IS DISTINCT FROM OLD.escalated THEN
    type := 'approval.escalated';
  ELSIF NEW.decide_by <> OLD.decide_by THEN
    type := 'approval.extended';
  ELSIF NEW.reminded IS DISTINCT FROM OLD.reminded THEN
    type := 'approval.reminded';
  ELSIF NEW.warned AND NOT coalesce(OLD.warned, false) THEN
    type := 'approval.expiring';
  ELSE
    RETURN NULL;
  END IF;
  PERFORM note_approval_change(NEW.tenant, NEW.project, NEW.approval_id, NEW.root_run_id, type, NEW.revision);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER approval_changed AFTER INSERT OR UPDATE ON approvals
  FOR EACH ROW EXECUTE FUNCTION approval_changed();
--> statement-breakpoint
-- Claims end with the run, with a block, or by hand: each is told. That one has passed its time is told by its end.
CREATE FUNCTION claim_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  claim claims := coalesce(NEW, OLD);
BEGIN
  PERFORM note_approval_change(a.tenant, a.project, a.approval_id, a.root_run_id,
            CASE TG_OP WHEN 'DELETE' THEN 'approval.released' ELSE 'approval.claimed' END, a.revision)
     FROM approvals a
    WHERE a.approval_id = claim.approval_id AND a.tenant = claim.tenant AND a.project = claim.project;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER claim_changed AFTER INSERT OR UPDATE OR DELETE ON claims
  FOR EACH ROW EXECUTE FUNCTION claim_changed();
