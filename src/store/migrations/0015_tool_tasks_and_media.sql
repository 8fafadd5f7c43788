CREATE TABLE "media" (
	"tenant" text NOT NULL,
	"sha256" "bytea" NOT NULL,
	"project" text NOT NULL,
	"run_id" text NOT NULL,
	"tool_call_id" text NOT NULL,
	"media_type" text NOT NULL,
	"size_bytes" integer NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "media_tenant_sha256_pk" PRIMARY KEY("tenant","sha256")
);
--> statement-breakpoint
CREATE INDEX "media_of_run" ON "media" USING btree ("tenant","project","run_id","created_at");
--> statement-breakpoint
CREATE TABLE "tool_tasks" (
	"tenant" text NOT NULL,
	"task_id" text NOT NULL,
	"project" text NOT NULL,
	"run_id" text NOT NULL,
	"agent" text NOT NULL,
	"tool" text NOT NULL,
	"tool_call_id" text NOT NULL,
	"definition_digest" text NOT NULL,
	"task_queue" text NOT NULL,
	"effect_key" text NOT NULL,
	"epoch" integer NOT NULL,
	"effect" text NOT NULL,
	"digest" text NOT NULL,
	"arguments_sha256" "bytea" NOT NULL,
	"arguments_bytes" integer NOT NULL,
	"timeout_ms" integer NOT NULL,
	"created_at" bigint NOT NULL,
	"start_by" bigint NOT NULL,
	"claimant" text,
	"claimed_by" text,
	"claimed_at" bigint,
	"expires_at" bigint,
	"closed_at" bigint,
	"reported_at" bigint,
	"outcome" text,
	"content_sha256" "bytea",
	"content_bytes" integer,
	"failure_code" text,
	CONSTRAINT "tool_tasks_tenant_task_id_pk" PRIMARY KEY("tenant","task_id")
);
--> statement-breakpoint
-- A worker of another task queue asks whether it may carry out a call: the last look before an effect that nobody here
-- sees. One claimant carries out a call of effect 'once', however often Temporal tries the activity.
CREATE FUNCTION claim_tool_task(
  p_tenant text, p_project text, p_task_id text, p_claimant text, p_principal text, p_now bigint, OUT state text
)
LANGUAGE plpgsql AS $$
DECLARE
  known tool_tasks%ROWTYPE;
BEGIN
  SELECT * INTO known FROM tool_tasks t
   WHERE t.tenant = p_tenant AND t.project = p_project AND t.task_id = p_task_id
     FOR UPDATE;
  IF NOT FOUND THEN
    state := 'unknown';
    RETURN;
  END IF;

  IF known.outcome IS NOT NULL OR known.closed_at IS NOT NULL
     -- The run is over or about to be.
     OR NOT EXISTS (SELECT FROM runs r
                     WHERE r.run_id = known.run_id AND r.tenant = p_tenant
                       AND r.ended_at IS NULL AND r.cancel_bytes IS NULL)
     -- The ledger knows of no such attempt, or has given it up.
     OR NOT EXISTS (SELECT FROM effects e
                     WHERE e.tenant = p_tenant AND e.effect_key = known.effect_key AND e.epoch = known.epoch
                       AND e.nonce = p_task_id AND e.settled_at IS NULL AND e.unknown_at IS NULL) THEN
    state := 'closed';
    RETURN;
  END IF;

  IF known.claimant = p_claimant THEN
    -- Its first answer was lost.
    state := 'claimed';
    RETURN;
  END IF;
  IF known.claimant IS NOT NULL AND known.effect = 'once' THEN
    state := 'taken';
    RETURN;
  END IF;
  IF known.claimant IS NULL AND known.start_by <= p_now THEN
    state := 'closed';
    RETURN;
  END IF;

  PERFORM pg_advisory_xact_lock_shared(brake_lock(p_tenant));
  IF EXISTS (
    SELECT FROM brakes b
     WHERE b.tenant = p_tenant AND b.released_at IS NULL
       AND (b.project IS NULL OR b.project = known.project) AND (b.agent IS NULL OR b.agent = known.agent)
       AND (b.tool IS NULL OR b.tool = known.tool)
       AND NOT EXISTS (
         SELECT FROM brake_bypasses o
          WHERE o.tenant = b.tenant AND o.brake_id = b.brake_id AND o.ended_at IS NULL AND o.until > p_now
            AND (o.project IS NULL OR o.project = known.project) AND (o.agent IS NULL OR o.agent = known.agent)
            AND (o.tool IS NULL OR o.tool = known.tool) AND (o.run_id IS NULL OR o.run_id = known.run_id))) THEN
    state := 'braked';
    RETURN;
  END IF;

  UPDATE tool_tasks t
     SET claimant = p_claimant, claimed_by = p_principal, claimed_at = p_now, expires_at = p_now + known.timeout_ms
   WHERE t.tenant = p_tenant AND t.task_id = p_task_id;
  state := 'claimed';
END
$$;
--> statement-breakpoint
-- What a claimant says became of the call. The first report stands, also where the gate waits no more.
CREATE FUNCTION report_tool_task(
  p_tenant text, p_project text, p_task_id text, p_claimant text,
  p_outcome text, p_content_sha256 bytea, p_content_bytes integer, p_failure_code text,
  p_blob_hashes bytea[], p_blob_bodies bytea[], p_now bigint, OUT state text
)
LANGUAGE plpgsql AS $$
DECLARE
  known tool_tasks%ROWTYPE;
BEGIN
  SELECT * INTO known FROM tool_tasks t
   WHERE t.tenant = p_tenant AND t.project = p_project AND t.task_id = p_task_id
     FOR UPDATE;
  IF NOT FOUND THEN
    state := 'unknown';
    RETURN;
  END IF;
  IF known.claimant IS DISTINCT FROM p_claimant THEN
    state := 'taken';
    RETURN;
  END IF;
  state := 'reported';
  IF known.outcome IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM put_blobs(p_tenant, p_blob_hashes, p_blob_bodies);
  UPDATE tool_tasks t
     SET outcome = p_outcome, content_sha256 = p_content_sha256, content_bytes = p_content_bytes,
         failure_code = p_failure_code, reported_at = p_now
   WHERE t.tenant = p_tenant AND t.task_id = p_task_id;
END
$$;
--> statement-breakpoint
-- The gate waits no more: from here on nobody can claim it. What nobody has begun is given back to the ledger, as if the
-- dispatch had been refused.
CREATE FUNCTION close_tool_task(p_tenant text, p_task_id text, p_dispatch text, p_now bigint, OUT state text)
LANGUAGE plpgsql AS $$
DECLARE
  known tool_tasks%ROWTYPE;
BEGIN
  UPDATE tool_tasks t SET closed_at = coalesce(t.closed_at, p_now)
   WHERE t.tenant = p_tenant AND t.task_id = p_task_id
  RETURNING * INTO STRICT known;
  IF known.outcome IS NOT NULL THEN
    state := 'reported';
    RETURN;
  END IF;
  IF known.claimant IS NOT NULL THEN
    state := 'begun';
    RETURN;
  END IF;
  state := 'not_begun';
  DELETE FROM effects e
   WHERE e.tenant = p_tenant AND e.effect_key = known.effect_key AND e.nonce = p_task_id
     AND e.epoch = known.epoch AND e.epoch = 1 AND e.settled_at IS NULL;
  -- The attempt before this one is still the one whose outcome nobody knows.
  UPDATE effects e SET epoch = e.epoch - 1, nonce = p_task_id || ':not_begun', unknown_at = p_now
   WHERE e.tenant = p_tenant AND e.effect_key = known.effect_key AND e.nonce = p_task_id
     AND e.epoch = known.epoch AND e.settled_at IS NULL;
  INSERT INTO refused_dispatches (tenant, effect_key, dispatch, refused_at)
  VALUES (p_tenant, known.effect_key, p_dispatch, p_now)
  ON CONFLICT DO NOTHING;
END
$$;
