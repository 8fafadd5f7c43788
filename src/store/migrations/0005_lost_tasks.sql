ALTER TABLE "run_events" ADD COLUMN "task_started_at" bigint;
--> statement-breakpoint
ALTER TABLE "run_events" ADD COLUMN "task_length" integer;
--> statement-breakpoint
CREATE TABLE "retold_events" (
	"run_id" text NOT NULL,
	"ordinal" integer NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "retold_events_run_id_ordinal_pk" PRIMARY KEY("run_id","ordinal")
);
--> statement-breakpoint
CREATE TABLE "refused_dispatches" (
	"tenant" text NOT NULL,
	"effect_key" text NOT NULL,
	"dispatch" text NOT NULL,
	"refused_at" bigint NOT NULL,
	CONSTRAINT "refused_dispatches_tenant_effect_key_dispatch_pk" PRIMARY KEY("tenant","effect_key","dispatch")
);
--> statement-breakpoint
DROP FUNCTION append_events(
  text, text, text, text, text, integer[], text[], bigint[], integer[], bytea[], jsonb, boolean);
--> statement-breakpoint
-- Appends what is new of a batch to the root run's sequence and hash chain. Costs the same at any length of the run.
-- Errors: CSE04 unknown_run, CSE09 event_gap.
CREATE FUNCTION append_events(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text,
  p_ordinals integer[], p_types text[], p_ats bigint[], p_turns integer[], p_bodies bytea[],
  p_changes jsonb, p_only_unfinished boolean, p_task_started_at bigint, p_task_length integer,
  OUT stored_ordinal integer, OUT stream_seq bigint, OUT stream_head bytea
)
LANGUAGE plpgsql AS $$
DECLARE
  given record;
  change jsonb;
  next_hash bytea;
  latest_at bigint := 0;
  stored_new integer[] := '{}';
  -- What the notification carries of the new events; NULL once it is too much.
  carried text := '';
  carried_from bytea;
  notice text;
BEGIN
  SELECT s.seq, s.head_hash INTO stream_seq, stream_head
    FROM streams s
   WHERE s.root_run_id = p_root_run_id AND s.tenant = p_tenant AND s.project = p_project
     FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no event stream of this run' USING ERRCODE = 'CSE04';
  END IF;

  SELECT coalesce(max(e.ordinal), 0) INTO stored_ordinal
    FROM run_events e WHERE e.run_id = p_run_id AND e.origin = p_origin;
  IF cardinality(p_ordinals) = 0 THEN RETURN; END IF;

  PERFORM FROM runs r
    WHERE r.run_id = p_run_id AND r.root_run_id = p_root_run_id AND (r.ended_at IS NULL OR NOT p_only_unfinished);
  IF NOT FOUND THEN
    IF p_only_unfinished AND EXISTS (SELECT FROM runs r WHERE r.run_id = p_run_id AND r.root_run_id = p_root_run_id)
    THEN RETURN; END IF;
    RAISE EXCEPTION 'no such run' USING ERRCODE = 'CSE04';
  END IF;

  FOR given IN
    SELECT g.ordinal, g.type, g.at, g.turn, g.body
      FROM unnest(p_ordinals, p_types, p_ats, p_turns, p_bodies) AS g (ordinal, type, at, turn, body)
     ORDER BY g.ordinal
  LOOP
    IF p_origin = 'workflow' THEN
      CONTINUE WHEN given.ordinal <= stored_ordinal;
      IF given.ordinal > stored_ordinal + 1 THEN
        RAISE EXCEPTION 'event % follows %', given.ordinal, stored_ordinal USING ERRCODE = 'CSE09';
      END IF;
    ELSE
      CONTINUE WHEN given.ordinal <= stored_ordinal AND EXISTS (
        SELECT FROM run_events e
         WHERE e.run_id = p_run_id AND e.origin = p_origin AND e.ordinal = given.ordinal);
    END IF;
    stream_seq := stream_seq + 1;
    next_hash := sha256(stream_head || int8send(stream_seq) || given.body);
    INSERT INTO run_events (root_run_id, seq, at, ordinal, turn, run_id, origin, type, task_started_at, task_length,
                            prev_hash, hash, body)
    VALUES (p_root_run_id, stream_seq, given.at, given.ordinal, given.turn, p_run_id, p_origin, given.type,
            p_task_started_at, p_task_length, stream_head, next_hash, given.body);
    carried_from := coalesce(carried_from, stream_head);
    -- Base64, since a body need not be text in the encoding of this database. Its line breaks are left out.
    carried := CASE WHEN octet_length(carried) + octet_length(given.body) < 6000
      THEN carried || CASE carried WHEN '' THEN '' ELSE ',' END || '["' || encode(next_hash, 'hex') || '","'
        || translate(encode(given.body, 'base64'), E'\n', '') || '"]'
      END;
    stream_head := next_hash;
    stored_ordinal := greatest(stored_ordinal, given.ordinal);
    latest_at := greatest(latest_at, given.at);
    stored_new := stored_new || given.ordinal;
  END LOOP;

  IF cardinality(stored_new) = 0 THEN RETURN; END IF;

  UPDATE streams s
     SET seq = stream_seq, head_hash = stream_head, touched_at = greatest(s.touched_at, latest_at)
   WHERE s.root_run_id = p_root_run_id;

  FOR change IN SELECT c.value FROM jsonb_array_elements(p_changes) WITH ORDINALITY AS c (value, place) ORDER BY c.place
  LOOP
    CONTINUE WHEN (change ->> 'ordinal')::integer <> ALL (stored_new);
    PERFORM project_event(p_tenant, p_project, p_root_run_id, p_run_id, p_origin, change);
  END LOOP;

  notice := json_build_object('t', p_tenant, 'p', p_project, 'r', p_root_run_id, 's', stream_seq)::text;
  carried := left(notice, -1) || ',"h":"' || encode(carried_from, 'hex') || '","e":[' || carried || ']}';
  -- PostgreSQL takes payloads of less than 8,000 bytes: readers fetch what does not fit.
  PERFORM pg_notify('countersign_events', CASE WHEN octet_length(carried) < 8000 THEN carried ELSE notice END);
END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION tell_event(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text, p_ordinal integer,
  p_type text, p_at bigint, p_data text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM append_events(
    p_tenant, p_project, p_root_run_id, p_run_id, p_origin,
    ARRAY[p_ordinal], ARRAY[p_type], ARRAY[p_at], ARRAY[NULL::integer], ARRAY[convert_to(
      '{"at":' || p_at || ',"data":' || p_data || ',"ordinal":' || p_ordinal || ',"origin":' || to_json(p_origin)
      || ',"rootRunId":' || to_json(p_root_run_id) || ',"runId":' || to_json(p_run_id)
      || ',"type":' || to_json(p_type) || ',"v":1}', 'UTF8')],
    '[]', false, NULL, NULL);
END
$$;
--> statement-breakpoint
-- What one event means for the read model. Called for newly stored events only, under the stream's lock.
CREATE OR REPLACE FUNCTION project_event(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text, p_change jsonb
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  applied boolean;
  settled effects%ROWTYPE;
BEGIN
  CASE p_change ->> 'change'
    WHEN 'run_started' THEN
      -- What a workflow says proves that Temporal took the start.
      UPDATE runs r
         SET status = 'running', started_in_temporal = r.started_in_temporal OR p_origin = 'workflow'
       WHERE r.run_id = p_run_id AND r.ended_at IS NULL
         AND (r.status <> 'running' OR NOT r.started_in_temporal AND p_origin = 'workflow');
      IF p_root_run_id = p_run_id THEN
        PERFORM tell_audit(p_tenant, 'run.started', (p_change ->> 'at')::bigint, p_change ->> 'audit');
      END IF;

    WHEN 'run_status' THEN
      UPDATE runs r
         SET status = p_change ->> 'status'
       WHERE r.run_id = p_run_id AND r.ended_at IS NULL AND r.status <> p_change ->> 'status';

    WHEN 'run_blocked' THEN
      UPDATE runs r
         SET status = 'needs_attention'
       WHERE r.run_id = p_run_id AND r.ended_at IS NULL AND r.status <> 'needs_attention';
      DELETE FROM claims c WHERE c.run_id = p_run_id AND c.tenant = p_tenant;

    WHEN 'claims_released' THEN
      DELETE FROM claims c WHERE c.run_id = p_run_id AND c.tenant = p_tenant;

    WHEN 'run_ended' THEN
      -- A run that ended stays as it ended.
      UPDATE runs r
         SET status = p_change ->> 'status',
             ended_at = (p_change ->> 'at')::bigint,
             output_sha256 = decode(p_change ->> 'outputSha256', 'hex'),
             output_bytes = (p_change ->> 'outputBytes')::integer,
             failure_code = p_change ->> 'failureCode',
             failure_detail = p_change ->> 'failureDetail'
       WHERE r.run_id = p_run_id AND r.ended_at IS NULL;
      applied := FOUND;
      UPDATE approvals a SET status = 'withdrawn' WHERE a.root_run_id = p_root_run_id
         AND a.run_id = p_run_id AND a.status = 'pending';
      DELETE FROM claims c WHERE c.run_id = p_run_id AND c.tenant = p_tenant;
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id;
      IF applied AND p_root_run_id = p_run_id THEN
        PERFORM tell_audit(p_tenant, 'run.ended', (p_change ->> 'at')::bigint,
                  '{"head":{"hash":"' || encode(e.hash, 'hex') || '","seq":' || e.seq
                  || '},"project":' || to_json(p_project) || ',"runId":' || to_json(p_run_id)
                  || ',"status":' || to_json(p_change ->> 'status') || '}')
           FROM run_events e
          WHERE e.run_id = p_run_id AND e.origin = p_origin AND e.ordinal = (p_change ->> 'ordinal')::integer;
      END IF;

    WHEN 'approval_requested' THEN
      INSERT INTO approvals AS a (
        approval_id, tenant, project, root_run_id, run_id, agent, requester, tool, risk, digest, revision, status,
        requested_at, decide_by, execute_by, decided_at, request, decision)
      SELECT p_change ->> 'approvalId', p_tenant, p_project, p_root_run_id, p_run_id, r.agent, r.requester,
             p_change ->> 'tool', p_change ->> 'risk', p_change ->> 'digest', (p_change ->> 'revision')::integer,
             p_change ->> 'status', (p_change ->> 'requestedAt')::bigint, (p_change ->> 'decideBy')::bigint,
             (p_change ->> 'executeBy')::bigint, NULL, p_change ->> 'request', NULL
        FROM runs r WHERE r.run_id = p_run_id
      ON CONFLICT (approval_id) DO UPDATE
         SET tool = excluded.tool, risk = excluded.risk, digest = excluded.digest, revision = excluded.revision,
             status = excluded.status, requested_at = excluded.requested_at, decide_by = excluded.decide_by,
             execute_by = excluded.execute_by, decided_at = NULL, request = excluded.request, decision = NULL,
             votes = NULL, edited = NULL, superseded_by = NULL, escalated = NULL, reminded = NULL, warned = NULL
       WHERE excluded.revision > a.revision;
      IF p_change ? 'supersedes' THEN
        UPDATE approvals a
           SET superseded_by = p_change ->> 'approvalId'
         WHERE a.approval_id = p_change ->> 'supersedes' AND a.approval_id <> p_change ->> 'approvalId'
           AND a.run_id = p_run_id;
      END IF;

    WHEN 'approval_closed' THEN
      -- The first outcome stands until the gate voids it.
      UPDATE approvals a
         SET status = p_change ->> 'status',
             decided_at = (p_change ->> 'decidedAt')::bigint,
             execute_by = (p_change ->> 'executeBy')::bigint,
             decision = p_change ->> 'decision',
             -- What was edited is what will run: the row shows it from here on.
             digest = coalesce(p_change ->> 'digest', a.digest),
             risk = coalesce(p_change ->> 'risk', a.risk),
             edited = coalesce(p_change ->> 'edited', a.edited)
       WHERE a.approval_id = p_change ->> 'approvalId' AND a.run_id = p_run_id
         AND a.revision = (p_change ->> 'revision')::integer AND a.status = 'pending';
      IF FOUND AND p_change ? 'grantId' THEN
        UPDATE grants g
           SET state = 'live'
         WHERE g.tenant = p_tenant AND g.project = p_project AND g.grant_id = p_change ->> 'grantId'
           AND g.run_id = p_run_id AND g.decision_id = p_change ->> 'decisionId' AND g.state = 'proposed';
      END IF;

    WHEN 'approval_voted' THEN
      UPDATE approvals a
         SET votes = coalesce(left(a.votes, -1) || ',', '[') || (p_change ->> 'vote') || ']'
       WHERE a.approval_id = p_change ->> 'approvalId' AND a.run_id = p_run_id
         AND a.revision = (p_change ->> 'revision')::integer AND a.status = 'pending';

    WHEN 'approval_changed' THEN
      UPDATE approvals a
         SET decide_by = coalesce((p_change ->> 'decideBy')::bigint, a.decide_by),
             escalated = coalesce((p_change ->> 'escalated')::integer, a.escalated),
             reminded = coalesce((p_change ->> 'reminded')::integer, a.reminded),
             warned = coalesce((p_change ->> 'warned')::boolean, a.warned)
       WHERE a.approval_id = p_change ->> 'approvalId' AND a.run_id = p_run_id
         AND a.revision = (p_change ->> 'revision')::integer AND a.status = 'pending';

    WHEN 'approval_reopened' THEN
      UPDATE approvals a
         SET status = 'pending', decided_at = NULL, execute_by = NULL, decision = NULL, votes = NULL,
             -- With a deadline of its own it begins anew; after a void decision it goes on as it was.
             decide_by = coalesce((p_change ->> 'decideBy')::bigint, a.decide_by),
             escalated = CASE WHEN p_change ? 'decideBy' THEN NULL ELSE a.escalated END,
             reminded = CASE WHEN p_change ? 'decideBy' THEN NULL ELSE a.reminded END,
             warned = CASE WHEN p_change ? 'decideBy' THEN false ELSE a.warned END
       WHERE a.approval_id = p_change ->> 'approvalId' AND a.run_id = p_run_id
         AND a.revision = (p_change ->> 'revision')::integer
         AND EXISTS (SELECT FROM runs r WHERE r.run_id = p_run_id AND r.ended_at IS NULL);
      -- What a void decision has granted is void, too.
      IF p_change ? 'decisionId' THEN
        UPDATE grants g
           SET state = 'revoked', revoked_at = (p_change ->> 'at')::bigint
         WHERE g.tenant = p_tenant AND g.project = p_project AND g.decision_id = p_change ->> 'decisionId'
           AND g.run_id = p_run_id AND g.state <> 'revoked';
      END IF;

    WHEN 'effect_resolved' THEN
      -- Where the attempt has reported meanwhile, what it said stands in the ledger, and is told.
      UPDATE effects e
         SET settled_at = (p_change ->> 'at')::bigint, outcome = p_change ->> 'outcome',
             content_sha256 = decode(p_change ->> 'contentSha256', 'hex'),
             content_bytes = (p_change ->> 'contentBytes')::integer,
             failure_code = p_change ->> 'failureCode', resolved_by = p_change ->> 'principal'
       WHERE e.tenant = p_tenant AND e.effect_key = p_change ->> 'effectKey' AND e.run_id = p_run_id
         AND e.epoch = (p_change ->> 'epoch')::integer AND e.settled_at IS NULL;
      IF NOT FOUND THEN
        SELECT * INTO settled FROM effects e
         WHERE e.tenant = p_tenant AND e.effect_key = p_change ->> 'effectKey' AND e.run_id = p_run_id
           AND e.epoch = (p_change ->> 'epoch')::integer AND e.settled_at IS NOT NULL AND e.resolved_by IS NULL;
        IF FOUND THEN
          PERFORM tell_event(p_tenant, p_project, p_root_run_id, p_run_id,
            'late:' || settled.effect_key || ':' || settled.nonce, 1, 'effect.late', (p_change ->> 'at')::bigint,
            '{"effectKey":' || to_json(settled.effect_key) || ',"epoch":' || settled.epoch
            || ',"outcome":' || to_json(settled.outcome) || ',"tool":' || to_json(p_change ->> 'tool')
            || ',"toolCallId":' || to_json(p_change ->> 'toolCallId') || '}');
        END IF;
      END IF;

    WHEN 'message_completed' THEN
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id AND d.turn <= (p_change ->> 'turn')::integer;

    WHEN 'message_restarted' THEN
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id AND d.turn = (p_change ->> 'turn')::integer;
  END CASE;
END
$$;
--> statement-breakpoint
-- As `append_events`, for what a workflow tells. A task that was lost may have told otherwise, and may wake again.
-- Errors: those of append_events, CSE10 event_conflict (see store/append-told-events.ts), CSE11 stale_task,
-- CSE12 run_over.
CREATE FUNCTION append_told_events(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text,
  p_ordinals integer[], p_types text[], p_ats bigint[], p_turns integer[], p_bodies bytea[], p_changes jsonb,
  p_task_started_at bigint, p_task_length integer, p_task_recorded boolean,
  OUT stored_ordinal integer, OUT stream_seq bigint, OUT stream_head bytea
)
LANGUAGE plpgsql AS $$
DECLARE
  latest record;
BEGIN
  PERFORM FROM streams s
    WHERE s.root_run_id = p_root_run_id AND s.tenant = p_tenant AND s.project = p_project FOR UPDATE;
  IF FOUND AND cardinality(p_ordinals) > 0 THEN
    IF EXISTS (SELECT FROM retold_events t WHERE t.run_id = p_run_id) THEN
      RAISE EXCEPTION 'the numbers stand elsewhere since a task was lost' USING ERRCODE = 'CSE10';
    END IF;
    SELECT e.ordinal, e.task_started_at, e.task_length INTO latest
      FROM run_events e WHERE e.run_id = p_run_id AND e.origin = p_origin ORDER BY e.ordinal DESC LIMIT 1;
    IF FOUND THEN
      IF NOT p_task_recorded AND (p_task_started_at, p_task_length) < (latest.task_started_at, latest.task_length) THEN
        RAISE EXCEPTION 'another task has taken over' USING ERRCODE = 'CSE11';
      END IF;
      IF p_ordinals[1] <= latest.ordinal AND EXISTS (
        SELECT FROM unnest(p_ordinals, p_bodies) AS g (ordinal, body)
          JOIN run_events e ON e.run_id = p_run_id AND e.origin = p_origin AND e.ordinal = g.ordinal
         WHERE e.body <> g.body)
      THEN
        RAISE EXCEPTION 'other events have these numbers' USING ERRCODE = 'CSE10';
      END IF;
    END IF;
    IF p_ordinals[cardinality(p_ordinals)] > coalesce(latest.ordinal, 0) AND EXISTS (
      SELECT FROM runs r WHERE r.run_id = p_run_id AND r.root_run_id = p_root_run_id AND r.ended_at IS NOT NULL)
    THEN
      RAISE EXCEPTION 'the run has ended' USING ERRCODE = 'CSE12';
    END IF;
  END IF;
  SELECT a.stored_ordinal, a.stream_seq, a.stream_head INTO stored_ordinal, stream_seq, stream_head
    FROM append_events(p_tenant, p_project, p_root_run_id, p_run_id, p_origin, p_ordinals, p_types, p_ats, p_turns,
                       p_bodies, p_changes, false, p_task_started_at, p_task_length) a;
END
$$;
--> statement-breakpoint
DROP FUNCTION reserve_effect(
  text, text, text, text, text, integer[], text[], bigint[], integer[], bytea[], jsonb, text, text, text, text, bigint,
  text, text, text, text, text, integer);
--> statement-breakpoint
-- Appends the events that ride along, then reserves the effect, unless a brake is on or the call may not run any more,
-- and takes the grant's use: all of it is committed before the tool runs.
CREATE FUNCTION reserve_effect(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text,
  p_ordinals integer[], p_types text[], p_ats bigint[], p_turns integer[], p_bodies bytea[], p_changes jsonb,
  p_task_started_at bigint, p_task_length integer, p_task_recorded boolean,
  p_effect_key text, p_digest text, p_nonce text, p_effect text, p_now bigint,
  p_call_project text, p_agent text, p_tool text, p_tool_call_id text, p_grant_id text, p_retry_epoch integer,
  p_dispatch text, p_approval_id text, p_revision integer, p_execute_by bigint,
  OUT stored_ordinal integer, OUT state text, OUT run_status text, OUT epoch integer, OUT attempt_nonce text,
  OUT outcome text, OUT content_sha256 bytea, OUT content_bytes integer, OUT failure_code text,
  OUT resolved_by text, OUT brake_id text, OUT bypassed_brake_id text, OUT bypass_id text,
  OUT grant_uses integer, OUT grant_max_uses integer, OUT refusal text
)
LANGUAGE plpgsql AS $$
DECLARE
  run_over boolean;
  known effects%ROWTYPE;
  fresh boolean := false;
  -- An operator has ordered another try of just this attempt.
  retries boolean := false;
  brake record;
  passed jsonb := '[]';
  usable boolean;
  takes_use boolean := false;
BEGIN
  SELECT a.stored_ordinal INTO stored_ordinal
    FROM append_told_events(p_tenant, p_project, p_root_run_id, p_run_id, p_origin,
                            p_ordinals, p_types, p_ats, p_turns, p_bodies, p_changes,
                            p_task_started_at, p_task_length, p_task_recorded) a;

  -- The stream's lock is held: the run cannot end between this look and the commit.
  SELECT r.status, r.ended_at IS NOT NULL INTO run_status, run_over
    FROM runs r WHERE r.run_id = p_run_id AND r.root_run_id = p_root_run_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such run' USING ERRCODE = 'CSE04';
  END IF;

  -- What has become of the call since the gate proved it. The stream's lock is held: nothing of it changes before the
  -- commit.
  refusal := CASE
    WHEN EXISTS (SELECT FROM refused_dispatches d
                  WHERE d.tenant = p_tenant AND d.effect_key = p_effect_key AND d.dispatch = p_dispatch)
      THEN 'dispatch_refused'
    WHEN p_execute_by <= p_now THEN 'execution_expired'
    WHEN EXISTS (SELECT FROM approvals a
                  WHERE a.approval_id = p_approval_id AND a.run_id = p_run_id
                    AND (a.revision > p_revision
                         OR a.revision = p_revision AND a.status NOT IN ('pending', 'approved')))
      THEN 'approval_closed'
    END;

  IF NOT run_over THEN
    PERFORM pg_advisory_xact_lock_shared(brake_lock(p_tenant));
    FOR brake IN
      SELECT b.brake_id, y.bypass_id
        FROM brakes b
        LEFT JOIN LATERAL (
          SELECT o.bypass_id FROM brake_bypasses o
           WHERE o.tenant = b.tenant AND o.brake_id = b.brake_id AND o.ended_at IS NULL AND o.until > p_now
             AND (o.project IS NULL OR o.project = p_call_project) AND (o.agent IS NULL OR o.agent = p_agent)
             AND (o.tool IS NULL OR o.tool = p_tool) AND (o.run_id IS NULL OR o.run_id = p_run_id)
           ORDER BY o.created_at, o.bypass_id LIMIT 1) y ON true
       WHERE b.tenant = p_tenant AND b.released_at IS NULL
         AND (b.project IS NULL OR b.project = p_call_project) AND (b.agent IS NULL OR b.agent = p_agent)
         AND (b.tool IS NULL OR b.tool = p_tool)
       ORDER BY b.created_at, b.brake_id
    LOOP
      IF brake.bypass_id IS NULL THEN
        brake_id := brake.brake_id;
        EXIT;
      END IF;
      passed := passed || jsonb_build_object('brakeId', brake.brake_id, 'bypassId', brake.bypass_id);
    END LOOP;

    IF brake_id IS NULL AND refusal IS NULL AND coalesce(p_retry_epoch, 1) = 1 THEN
      INSERT INTO effects (tenant, effect_key, run_id, digest, effect, epoch, nonce, reserved_at)
      VALUES (p_tenant, p_effect_key, p_run_id, p_digest, p_effect, 1, p_nonce, p_now)
      ON CONFLICT DO NOTHING;
      fresh := FOUND;
    END IF;
  END IF;

  IF NOT fresh THEN
    SELECT * INTO known FROM effects e WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key FOR UPDATE;
    IF NOT FOUND THEN
      -- An order to try again, and no attempt: nobody guesses what has become of it.
      state := CASE WHEN run_over THEN 'run_over' WHEN refusal IS NOT NULL THEN 'refused'
                    WHEN brake_id IS NOT NULL THEN 'braked' ELSE 'outcome_unknown' END;
      epoch := p_retry_epoch - 1; attempt_nonce := '';
      RETURN;
    END IF;
    epoch := known.epoch; attempt_nonce := known.nonce;

    IF known.digest <> p_digest OR known.run_id <> p_run_id THEN
      state := 'digest_mismatch';
      RETURN;
    ELSIF known.settled_at IS NOT NULL THEN
      state := 'settled';
      outcome := known.outcome;
      content_sha256 := known.content_sha256; content_bytes := known.content_bytes;
      failure_code := known.failure_code; resolved_by := known.resolved_by;
      RETURN;
    ELSIF run_over THEN
      state := 'run_over';
      RETURN;
    END IF;

    retries := coalesce(p_retry_epoch = known.epoch + 1, false);
    IF NOT retries AND known.nonce = p_nonce THEN
      state := 'reserved';
      grant_uses := known.grant_use;
      SELECT g.max_uses INTO grant_max_uses
        FROM grants g WHERE g.tenant = p_tenant AND g.project = p_call_project AND g.grant_id = known.grant_id;
      RETURN;
    ELSIF NOT retries AND (known.effect = 'once' OR p_effect = 'once') THEN
      -- Another attempt may have run the tool: nobody guesses.
      UPDATE effects e SET unknown_at = p_now
       WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key AND e.unknown_at IS NULL;
      state := 'outcome_unknown';
      RETURN;
    ELSIF refusal IS NOT NULL THEN
      state := 'refused';
      RETURN;
    ELSIF brake_id IS NOT NULL THEN
      state := 'braked';
      RETURN;
    END IF;
  END IF;

  IF p_grant_id IS NOT NULL THEN
    -- One call takes one use, however often it is tried; but never of a grant that has ended.
    takes_use := fresh OR known.grant_id IS DISTINCT FROM p_grant_id;
    IF takes_use THEN
      UPDATE grants g SET uses = g.uses + 1
       WHERE g.tenant = p_tenant AND g.project = p_call_project AND g.grant_id = p_grant_id AND g.tool = p_tool
         AND g.state = 'live' AND g.expires_at > p_now AND g.uses < g.max_uses
      RETURNING g.uses, g.max_uses INTO grant_uses, grant_max_uses;
      usable := FOUND;
    ELSE
      SELECT known.grant_use, g.max_uses INTO grant_uses, grant_max_uses
        FROM grants g
       WHERE g.tenant = p_tenant AND g.project = p_call_project AND g.grant_id = p_grant_id AND g.tool = p_tool
         AND g.state = 'live' AND g.expires_at > p_now
         FOR SHARE;
      usable := FOUND;
    END IF;
    IF NOT usable THEN
      IF fresh THEN
        DELETE FROM effects e WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key;
      END IF;
      state := 'grant_unusable';
      RETURN;
    END IF;
  END IF;

  IF fresh THEN
    epoch := 1;
    IF takes_use THEN
      UPDATE effects e SET grant_id = p_grant_id, grant_use = grant_uses
       WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key;
    END IF;
  ELSE
    epoch := CASE WHEN retries THEN p_retry_epoch ELSE known.epoch END;
    UPDATE effects e
       SET epoch = reserve_effect.epoch, nonce = p_nonce, reserved_at = p_now, unknown_at = NULL,
           grant_id = coalesce(p_grant_id, e.grant_id), grant_use = coalesce(grant_uses, e.grant_use)
     WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key;
  END IF;
  state := 'reserved'; attempt_nonce := p_nonce;

  IF takes_use THEN
    PERFORM tell_event(p_tenant, p_project, p_root_run_id, p_run_id, 'grant:' || p_effect_key || ':' || p_nonce, 1,
      'grant.used', p_now,
      '{"grantId":' || to_json(p_grant_id) || ',"maxUses":' || grant_max_uses || ',"tool":' || to_json(p_tool)
      || ',"toolCallId":' || to_json(p_tool_call_id) || ',"uses":' || grant_uses || '}');
  END IF;
  bypassed_brake_id := passed -> 0 ->> 'brakeId';
  bypass_id := passed -> 0 ->> 'bypassId';
  FOR index IN 0 .. jsonb_array_length(passed) - 1 LOOP
    PERFORM tell_event(p_tenant, p_project, p_root_run_id, p_run_id, 'bypass:' || p_effect_key || ':' || p_nonce,
      index + 1, 'brake.bypassed', p_now,
      '{"brakeId":' || to_json(passed -> index ->> 'brakeId') || ',"bypassId":' || to_json(passed -> index ->> 'bypassId')
      || ',"tool":' || to_json(p_tool) || ',"toolCallId":' || to_json(p_tool_call_id) || '}');
  END LOOP;
END
$$;
--> statement-breakpoint
-- The gate says no to a dispatch, or has lost track of it: no attempt of it reserves from here on. Answers what the ledger
-- has of the call: what may have run is never said not to have run.
CREATE FUNCTION refuse_dispatch(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text,
  p_ordinals integer[], p_types text[], p_ats bigint[], p_turns integer[], p_bodies bytea[], p_changes jsonb,
  p_task_started_at bigint, p_task_length integer, p_task_recorded boolean,
  p_effect_key text, p_digest text, p_dispatch text, p_is_retry boolean, p_now bigint,
  OUT stored_ordinal integer, OUT state text, OUT epoch integer,
  OUT outcome text, OUT content_sha256 bytea, OUT content_bytes integer, OUT failure_code text
)
LANGUAGE plpgsql AS $$
DECLARE
  known effects%ROWTYPE;
BEGIN
  SELECT a.stored_ordinal INTO stored_ordinal
    FROM append_told_events(p_tenant, p_project, p_root_run_id, p_run_id, p_origin,
                            p_ordinals, p_types, p_ats, p_turns, p_bodies, p_changes,
                            p_task_started_at, p_task_length, p_task_recorded) a;

  -- The stream's lock is held: no reservation is under way.
  INSERT INTO refused_dispatches (tenant, effect_key, dispatch, refused_at)
  VALUES (p_tenant, p_effect_key, p_dispatch, p_now) ON CONFLICT DO NOTHING;

  SELECT * INTO known FROM effects e WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key FOR UPDATE;
  IF NOT FOUND OR known.digest <> p_digest OR known.run_id <> p_run_id
     -- An operator who ordered another try must hear why it is refused.
     OR known.settled_at IS NULL AND p_is_retry
  THEN
    state := 'refused';
    RETURN;
  END IF;
  epoch := known.epoch;
  IF known.settled_at IS NULL THEN
    state := 'outcome_unknown';
    UPDATE effects e SET unknown_at = p_now
     WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key AND e.unknown_at IS NULL;
    RETURN;
  END IF;
  state := 'settled';
  outcome := known.outcome;
  content_sha256 := known.content_sha256; content_bytes := known.content_bytes;
  failure_code := known.failure_code;
END
$$;
