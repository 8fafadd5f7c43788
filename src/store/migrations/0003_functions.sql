-- Locks are taken in this order: stream head, run, approvals, claims, brakes (advisory), ledger, grants, the tenant's
-- audit head, blobs. A run's start takes the audit head before what follows in its batch, which is all of its own run.

-- Appends to a tenant's own chain. Whoever appends to it waits for the one before: call it as late as possible.
CREATE FUNCTION append_audit(
  p_tenant text, p_types text[], p_ats bigint[], p_bodies bytea[],
  OUT head_seq bigint, OUT head bytea
)
LANGUAGE plpgsql AS $$
DECLARE
  given record;
  next_hash bytea;
BEGIN
  SELECT h.seq, h.head_hash INTO head_seq, head FROM audit_heads h WHERE h.tenant = p_tenant FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO audit_heads (tenant, seq, head_hash)
    VALUES (p_tenant, 0, sha256(convert_to(E'countersign.audit/v1\n' || p_tenant, 'UTF8')))
    ON CONFLICT DO NOTHING;
    SELECT h.seq, h.head_hash INTO head_seq, head FROM audit_heads h WHERE h.tenant = p_tenant FOR UPDATE;
  END IF;
  FOR given IN
    SELECT g.type, g.at, g.body FROM unnest(p_types, p_ats, p_bodies) WITH ORDINALITY AS g (type, at, body, place)
     ORDER BY g.place
  LOOP
    head_seq := head_seq + 1;
    next_hash := sha256(head || int8send(head_seq) || given.body);
    INSERT INTO audit_events (tenant, seq, at, type, prev_hash, hash, body)
    VALUES (p_tenant, head_seq, given.at, given.type, head, next_hash, given.body);
    head := next_hash;
  END LOOP;
  UPDATE audit_heads h SET seq = head_seq, head_hash = head WHERE h.tenant = p_tenant;
END
$$;
--> statement-breakpoint
-- Told by the store itself. `p_data` is canonical JSON; so is what comes out, since the keys are in order.
CREATE FUNCTION tell_audit(p_tenant text, p_type text, p_at bigint, p_data text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM append_audit(p_tenant, ARRAY[p_type], ARRAY[p_at], ARRAY[convert_to(
    '{"at":' || p_at || ',"data":' || p_data || ',"tenant":' || to_json(p_tenant) || ',"type":' || to_json(p_type)
    || ',"v":1}', 'UTF8')]);
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
      -- Where the attempt has reported meanwhile, what it said stands.
      UPDATE effects e
         SET settled_at = (p_change ->> 'at')::bigint, outcome = p_change ->> 'outcome',
             content_sha256 = decode(p_change ->> 'contentSha256', 'hex'),
             content_bytes = (p_change ->> 'contentBytes')::integer,
             failure_code = p_change ->> 'failureCode', resolved_by = p_change ->> 'principal'
       WHERE e.tenant = p_tenant AND e.effect_key = p_change ->> 'effectKey' AND e.run_id = p_run_id
         AND e.epoch = (p_change ->> 'epoch')::integer AND e.settled_at IS NULL;

    WHEN 'message_completed' THEN
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id AND d.turn <= (p_change ->> 'turn')::integer;

    WHEN 'message_restarted' THEN
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id AND d.turn = (p_change ->> 'turn')::integer;
  END CASE;
END
$$;
--> statement-breakpoint
-- An event that the store itself tells, in a transaction that does more. `p_data` is canonical JSON.
CREATE FUNCTION tell_event(
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
    '[]', false);
END
$$;
--> statement-breakpoint
-- Reserving shares this lock, putting a brake on takes it: once a brake is on, no reservation from before is under way.
CREATE FUNCTION brake_lock(p_tenant text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT hashtextextended('countersign.brakes/v1/' || p_tenant, 0) $$;
--> statement-breakpoint
-- Puts a brake on. From its return on nothing that it names is reserved any more.
CREATE FUNCTION set_brake(p_brake jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(brake_lock(p_brake ->> 'tenant'));
  INSERT INTO brakes SELECT (jsonb_populate_record(NULL::brakes, p_brake)).* ON CONFLICT DO NOTHING;
END
$$;
--> statement-breakpoint
DROP FUNCTION reserve_effect(
  text, text, text, text, text, integer[], text[], bigint[], integer[], bytea[], jsonb, text, text, text, text, bigint);
--> statement-breakpoint
-- Appends the events that ride along, then reserves the effect, unless a brake is on, and takes the grant's use: all of
-- it is committed before the tool runs.
CREATE FUNCTION reserve_effect(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text,
  p_ordinals integer[], p_types text[], p_ats bigint[], p_turns integer[], p_bodies bytea[], p_changes jsonb,
  p_effect_key text, p_digest text, p_nonce text, p_effect text, p_now bigint,
  p_call_project text, p_agent text, p_tool text, p_tool_call_id text, p_grant_id text, p_retry_epoch integer,
  OUT stored_ordinal integer, OUT state text, OUT run_status text, OUT epoch integer, OUT attempt_nonce text,
  OUT outcome text, OUT content_sha256 bytea, OUT content_bytes integer, OUT failure_code text,
  OUT resolved_by text, OUT brake_id text, OUT bypassed_brake_id text, OUT bypass_id text,
  OUT grant_uses integer, OUT grant_max_uses integer
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
    FROM append_events(p_tenant, p_project, p_root_run_id, p_run_id, p_origin,
                       p_ordinals, p_types, p_ats, p_turns, p_bodies, p_changes, false) a;

  -- The stream's lock is held: the run cannot end between this look and the commit.
  SELECT r.status, r.ended_at IS NOT NULL INTO run_status, run_over
    FROM runs r WHERE r.run_id = p_run_id AND r.root_run_id = p_root_run_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such run' USING ERRCODE = 'CSE04';
  END IF;

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

    IF brake_id IS NULL AND coalesce(p_retry_epoch, 1) = 1 THEN
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
      state := CASE WHEN run_over THEN 'run_over' WHEN brake_id IS NOT NULL THEN 'braked' ELSE 'outcome_unknown' END;
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
DROP FUNCTION settle_effect(text, text, integer, text, text, bytea, integer, text, bytea[], bytea[], bigint);
--> statement-breakpoint
-- Compare-and-set on the attempt's nonce; the same settlement again gives the same answer.
CREATE FUNCTION settle_effect(
  p_tenant text, p_effect_key text, p_epoch integer, p_nonce text,
  p_outcome text, p_content_sha256 bytea, p_content_bytes integer, p_failure_code text,
  p_blob_hashes bytea[], p_blob_bodies bytea[], p_now bigint,
  OUT state text, OUT was_unknown boolean, OUT resolved boolean,
  OUT outcome text, OUT content_sha256 bytea, OUT content_bytes integer, OUT failure_code text
)
LANGUAGE plpgsql AS $$
DECLARE
  known effects%ROWTYPE;
BEGIN
  UPDATE effects e
     SET settled_at = p_now, outcome = p_outcome, content_sha256 = p_content_sha256, content_bytes = p_content_bytes,
         failure_code = p_failure_code
   WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key
     AND e.epoch = p_epoch AND e.nonce = p_nonce AND e.settled_at IS NULL
  RETURNING e.unknown_at IS NOT NULL INTO was_unknown;
  IF FOUND THEN
    state := 'settled';
  ELSE
    SELECT * INTO known FROM effects e WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key;
    IF FOUND AND known.epoch = p_epoch AND known.nonce = p_nonce AND known.resolved_by IS NULL
       AND (known.outcome, known.content_sha256, known.failure_code)
           IS NOT DISTINCT FROM (p_outcome, p_content_sha256, p_failure_code) THEN
      state := 'settled';
      was_unknown := known.unknown_at IS NOT NULL;
    ELSE
      state := 'late';
      resolved := coalesce(known.resolved_by IS NOT NULL OR known.epoch > p_epoch, false);
      outcome := known.outcome;
      content_sha256 := known.content_sha256; content_bytes := known.content_bytes;
      failure_code := known.failure_code;
    END IF;
  END IF;
  -- Kept for a late one too: the step reports its result whatever the ledger says.
  PERFORM put_blobs(p_tenant, p_blob_hashes, p_blob_bodies);
END
$$;
--> statement-breakpoint
-- Keeps a signed command with the content that it refers to.
CREATE FUNCTION record_command(p_command jsonb, p_blob_hashes bytea[], p_blob_bodies bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO commands SELECT (jsonb_populate_record(NULL::commands, p_command)).* ON CONFLICT DO NOTHING;
  PERFORM put_blobs(p_command ->> 'tenant', p_blob_hashes, p_blob_bodies);
END
$$;
--> statement-breakpoint
-- Keeps a grant with its constraints. The first one under an id stands.
CREATE FUNCTION put_grant(p_grant jsonb, p_blob_hashes bytea[], p_blob_bodies bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  stored boolean;
BEGIN
  INSERT INTO grants SELECT (jsonb_populate_record(NULL::grants, p_grant)).* ON CONFLICT DO NOTHING;
  stored := FOUND;
  PERFORM put_blobs(p_grant ->> 'tenant', p_blob_hashes, p_blob_bodies);
  RETURN stored;
END
$$;
--> statement-breakpoint
-- Of two who claim at once, one holds it.
CREATE FUNCTION claim_approval(
  p_tenant text, p_project text, p_approval_id text, p_run_id text,
  p_principal text, p_until bigint, p_now bigint, p_force boolean,
  OUT outcome text, OUT claim claims
)
LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    INSERT INTO claims AS c (tenant, project, approval_id, run_id, principal, until, claimed_at)
    VALUES (p_tenant, p_project, p_approval_id, p_run_id, p_principal, p_until, p_now)
    ON CONFLICT DO NOTHING
    RETURNING * INTO claim;
    IF FOUND THEN
      outcome := 'claimed';
      RETURN;
    END IF;
    SELECT * INTO claim FROM claims c
     WHERE c.tenant = p_tenant AND c.project = p_project AND c.approval_id = p_approval_id FOR UPDATE;
    -- Released meanwhile: try again.
    CONTINUE WHEN NOT FOUND;
    outcome := CASE
      WHEN claim.until <= p_now THEN 'claimed'
      WHEN claim.principal = p_principal THEN 'renewed'
      WHEN p_force THEN 'taken_over'
      ELSE 'held' END;
    IF outcome <> 'held' THEN
      UPDATE claims c
         SET principal = p_principal, until = p_until,
             claimed_at = CASE WHEN outcome = 'renewed' THEN c.claimed_at ELSE p_now END
       WHERE c.tenant = p_tenant AND c.project = p_project AND c.approval_id = p_approval_id
      RETURNING * INTO claim;
    END IF;
    RETURN;
  END LOOP;
END
$$;
--> statement-breakpoint
CREATE FUNCTION release_claim(
  p_tenant text, p_project text, p_approval_id text, p_principal text, p_now bigint, p_force boolean,
  OUT outcome text, OUT claim claims
)
LANGUAGE plpgsql AS $$
BEGIN
  SELECT * INTO claim FROM claims c
   WHERE c.tenant = p_tenant AND c.project = p_project AND c.approval_id = p_approval_id FOR UPDATE;
  outcome := CASE
    WHEN NOT FOUND OR claim.until <= p_now THEN 'not_claimed'
    WHEN claim.principal = p_principal OR p_force THEN 'released'
    ELSE 'held' END;
  IF outcome <> 'held' THEN
    DELETE FROM claims c
     WHERE c.tenant = p_tenant AND c.project = p_project AND c.approval_id = p_approval_id;
  END IF;
END
$$;
