CREATE TABLE "slots" (
	"root_run_id" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"requester" text NOT NULL,
	"ticket" bigint GENERATED ALWAYS AS IDENTITY (sequence name "slots_ticket_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"asked_at" bigint NOT NULL,
	"admitted_at" bigint
);
--> statement-breakpoint
DROP INDEX "runs_active_conversation";--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "replaced_by" text;--> statement-breakpoint
CREATE INDEX "slots_in_order" ON "slots" USING btree ("tenant","requester","ticket");--> statement-breakpoint
CREATE INDEX "runs_of_conversation" ON "runs" USING btree ("tenant","project","conversation_id","created_at","run_id") WHERE "runs"."conversation_id" is not null;--> statement-breakpoint
CREATE INDEX "runs_below_root" ON "runs" USING btree ("root_run_id") WHERE "runs"."run_id" <> "runs"."root_run_id";--> statement-breakpoint
CREATE UNIQUE INDEX "runs_active_conversation" ON "runs" USING btree ("tenant","project","conversation_id") WHERE "runs"."conversation_id" is not null and "runs"."ended_at" is null and "runs"."replaced_by" is null;--> statement-breakpoint
-- Locks are taken in this order: stream head, slots (advisory, by requester), run, and then as before.

-- Whoever hands out a ticket holds it until the commit: tickets become visible in their order.
CREATE FUNCTION slot_lock(p_tenant text, p_requester text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT hashtextextended('countersign.slots/v1/' || p_tenant || '/' || p_requester, 0)
$$;
--> statement-breakpoint
-- A slot goes in the transaction in which the tree of runs stops running: no crash can leave one behind.
CREATE FUNCTION free_slot() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM slots s
   WHERE s.root_run_id = NEW.root_run_id
     AND NOT EXISTS (SELECT FROM runs r WHERE r.run_id = NEW.root_run_id AND r.status = 'running')
     AND NOT EXISTS (
       SELECT FROM runs r
        WHERE r.root_run_id = NEW.root_run_id AND r.run_id <> r.root_run_id AND r.status = 'running');
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER runs_free_slot AFTER UPDATE OF status ON runs
  FOR EACH ROW WHEN (OLD.status = 'running' AND NEW.status <> 'running') EXECUTE FUNCTION free_slot();
--> statement-breakpoint
-- What a step asks before it acts, where active runs are limited. `held`: the tree has its slot. `admitted`: it had to
-- wait for it. `waiting`: ask again. `not_needed`: the run is over or replaced, the gate refuses what must be refused.
CREATE FUNCTION take_slot(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_limit integer, p_now bigint,
  OUT state text, OUT asked_at bigint, OUT admitted_at bigint, OUT place integer
)
LANGUAGE plpgsql AS $$
DECLARE
  known slots%ROWTYPE;
  root runs%ROWTYPE;
  is_running boolean;
  is_new boolean := false;
BEGIN
  SELECT * INTO known FROM slots s WHERE s.root_run_id = p_root_run_id;
  IF known.admitted_at IS NOT NULL THEN
    state := 'held'; asked_at := known.asked_at; admitted_at := known.admitted_at;
    RETURN;
  END IF;

  -- Every change of a status holds this lock: what is read now stays so until the commit.
  PERFORM FROM streams s
    WHERE s.root_run_id = p_root_run_id AND s.tenant = p_tenant AND s.project = p_project FOR UPDATE;
  SELECT * INTO root FROM runs r WHERE r.run_id = p_root_run_id AND r.tenant = p_tenant AND r.project = p_project;
  IF NOT FOUND OR root.ended_at IS NOT NULL OR root.replaced_by IS NOT NULL THEN
    state := 'not_needed';
    RETURN;
  END IF;
  is_running := root.status = 'running' OR EXISTS (
    SELECT FROM runs r WHERE r.root_run_id = p_root_run_id AND r.run_id <> r.root_run_id AND r.status = 'running');
  IF NOT is_running THEN
    -- One that needs attention holds none: what it still has to do goes on when there is room.
    SELECT count(*) - p_limit + 1 INTO place FROM slots s WHERE s.tenant = p_tenant AND s.requester = root.requester;
    state := CASE WHEN place <= 0 THEN 'not_needed' ELSE 'waiting' END;
    RETURN;
  END IF;

  SELECT * INTO known FROM slots s WHERE s.root_run_id = p_root_run_id FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM pg_advisory_xact_lock(slot_lock(p_tenant, root.requester));
    INSERT INTO slots (root_run_id, tenant, requester, asked_at) VALUES (p_root_run_id, p_tenant, root.requester, p_now)
    RETURNING * INTO known;
    is_new := true;
  END IF;
  asked_at := known.asked_at;
  SELECT count(*) - p_limit + 1 INTO place
    FROM slots s WHERE s.tenant = p_tenant AND s.requester = root.requester AND s.ticket < known.ticket;
  IF place <= 0 THEN
    UPDATE slots s SET admitted_at = p_now WHERE s.root_run_id = p_root_run_id;
    admitted_at := p_now;
    state := CASE WHEN is_new THEN 'held' ELSE 'admitted' END;
    IF NOT is_new THEN
      PERFORM tell_event(p_tenant, p_project, p_root_run_id, p_run_id, 'slot:' || known.ticket, 2, 'run.dequeued', p_now,
        '{"waitedMs":' || p_now - known.asked_at || '}');
    END IF;
  ELSE
    state := 'waiting';
    IF is_new THEN
      PERFORM tell_event(p_tenant, p_project, p_root_run_id, p_run_id, 'slot:' || known.ticket, 1, 'run.queued', p_now,
        '{"limit":' || p_limit || ',"place":' || place || '}');
    END IF;
  END IF;
END
$$;
--> statement-breakpoint
-- Nothing new takes effect for a run that another one has replaced. Error: CSE13 run_replaced.
CREATE FUNCTION refuse_replaced() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM runs r JOIN runs root ON root.run_id = r.root_run_id
     WHERE r.run_id = NEW.run_id AND root.replaced_by IS NOT NULL)
  AND (TG_OP = 'UPDATE' OR NOT EXISTS (
    -- What the ledger has already is answered as ever.
    SELECT FROM effects e WHERE e.tenant = NEW.tenant AND e.effect_key = NEW.effect_key))
  THEN
    RAISE EXCEPTION 'another run has taken the place of this one' USING ERRCODE = 'CSE13';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER effects_refuse_replaced BEFORE INSERT OR UPDATE OF nonce ON effects
  FOR EACH ROW EXECUTE FUNCTION refuse_replaced();
--> statement-breakpoint
DROP FUNCTION create_run(jsonb, bytea, bytea[], bytea[]);
--> statement-breakpoint
-- Create-or-get. Duplicates wait for the first one's commit and then see its row. `p_replaces` names the unfinished run of
-- the conversation whose place the new one takes, with the signed cancel that it gets: `{runId, bytes, jws, command}`.
-- Error: CSE05 run_id_taken.
CREATE FUNCTION create_run(
  p_run jsonb, p_genesis bytea, p_blob_hashes bytea[], p_blob_bodies bytea[], p_max_active integer, p_replaces jsonb,
  OUT outcome text, OUT run runs, OUT event_seq bigint, OUT head_hash bytea, OUT touched_at bigint
)
LANGUAGE plpgsql AS $$
DECLARE
  given runs%ROWTYPE;
  replaced_id text := p_replaces ->> 'runId';
  marked boolean := false;
  is_known boolean;
BEGIN
  given := jsonb_populate_record(NULL::runs, p_run);
  IF replaced_id IS NOT NULL THEN
    -- The old run reserves nothing and ends nowhere between the mark and the commit.
    PERFORM FROM streams s
      WHERE s.root_run_id = replaced_id AND s.tenant = given.tenant AND s.project = given.project FOR UPDATE;
  END IF;
  IF p_max_active IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(slot_lock(given.tenant, given.requester));
  END IF;
  is_known := EXISTS (SELECT FROM runs r WHERE r.run_id = given.run_id);
  IF NOT is_known AND p_max_active <= (
    SELECT count(*) FROM slots s
     WHERE s.tenant = given.tenant AND s.requester = given.requester AND s.root_run_id IS DISTINCT FROM replaced_id)
  THEN
    -- That another run of the conversation is in the way comes first: it may be the one to be replaced.
    SELECT r.* INTO run FROM runs r
     WHERE r.tenant = given.tenant AND r.project = given.project AND r.conversation_id = given.conversation_id
       AND r.ended_at IS NULL AND r.replaced_by IS NULL AND r.run_id IS DISTINCT FROM replaced_id;
    outcome := CASE WHEN FOUND THEN 'conversation_busy' ELSE 'too_many_active_runs' END;
    SELECT s.seq, s.head_hash, s.touched_at INTO event_seq, head_hash, touched_at
      FROM streams s WHERE s.root_run_id = run.root_run_id;
    RETURN;
  END IF;
  IF NOT is_known AND replaced_id IS NOT NULL THEN
    UPDATE runs r SET replaced_by = given.run_id
     WHERE r.run_id = replaced_id AND r.tenant = given.tenant AND r.project = given.project
       AND r.conversation_id = given.conversation_id AND r.ended_at IS NULL AND r.replaced_by IS NULL;
    marked := FOUND;
  END IF;

  FOR try IN 1..10 LOOP
    INSERT INTO runs SELECT (given).* ON CONFLICT DO NOTHING;
    IF FOUND THEN
      INSERT INTO streams (root_run_id, tenant, project, seq, head_hash, touched_at)
      VALUES (given.root_run_id, given.tenant, given.project, 0, p_genesis, given.created_at)
      ON CONFLICT DO NOTHING;
      IF p_max_active IS NOT NULL THEN
        INSERT INTO slots (root_run_id, tenant, requester, asked_at, admitted_at)
        VALUES (given.root_run_id, given.tenant, given.requester, given.created_at, given.created_at)
        ON CONFLICT DO NOTHING;
      END IF;
      IF marked THEN
        -- The first cancel stands.
        UPDATE runs r SET cancel_bytes = p_replaces ->> 'bytes', cancel_jws = p_replaces ->> 'jws'
         WHERE r.run_id = replaced_id AND r.cancel_bytes IS NULL;
        DELETE FROM slots s WHERE s.root_run_id = replaced_id;
        INSERT INTO commands SELECT (jsonb_populate_record(NULL::commands, p_replaces -> 'command')).*
        ON CONFLICT DO NOTHING;
      END IF;
      PERFORM put_blobs(given.tenant, p_blob_hashes, p_blob_bodies);
      outcome := 'created'; run := given;
      EXIT;
    END IF;

    SELECT r.* INTO run FROM runs r WHERE r.run_id = given.run_id;
    IF FOUND AND (run.tenant <> given.tenant OR run.project <> given.project) THEN
      RAISE EXCEPTION 'the run id is taken' USING ERRCODE = 'CSE05';
    END IF;
    IF NOT FOUND THEN
      SELECT r.* INTO run FROM runs r
       WHERE r.tenant = given.tenant AND r.project = given.project AND r.requester = given.requester
         AND r.idempotency_key = given.idempotency_key;
    END IF;
    IF FOUND THEN
      outcome := CASE WHEN run.request_digest = given.request_digest THEN 'existing' ELSE 'mismatch' END;
      EXIT;
    END IF;

    SELECT r.* INTO run FROM runs r
     WHERE r.tenant = given.tenant AND r.project = given.project AND r.conversation_id = given.conversation_id
       AND r.ended_at IS NULL AND r.replaced_by IS NULL;
    IF FOUND THEN
      outcome := 'conversation_busy';
      EXIT;
    END IF;
    -- What stood in the way is gone: try again.
  END LOOP;
  IF outcome IS NULL THEN
    RAISE EXCEPTION 'the run could not be created' USING ERRCODE = '40001';
  END IF;
  IF marked AND outcome <> 'created' THEN
    UPDATE runs r SET replaced_by = NULL WHERE r.run_id = replaced_id;
  END IF;
  SELECT s.seq, s.head_hash, s.touched_at INTO event_seq, head_hash, touched_at
    FROM streams s WHERE s.root_run_id = run.root_run_id;
END
$$;
