-- Hot paths are functions: one statement, one round trip, one transaction each.
-- Times come in as parameters: one clock serves bridge, gate and store.
-- Locks are always taken in this order: stream head, run, approvals, ledger, blobs.

-- Text of open messages need not survive a crash of PostgreSQL.
ALTER TABLE message_deltas SET UNLOGGED;
--> statement-breakpoint
-- Room on the page for the next version of rows that change with every append.
ALTER TABLE streams SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE runs SET (fillfactor = 70);
--> statement-breakpoint
CREATE FUNCTION put_blobs(p_tenant text, p_hashes bytea[], p_bodies bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  -- In the order of hashes, so that writers of the same blobs cannot deadlock.
  INSERT INTO blobs (tenant, sha256, body)
  SELECT p_tenant, given.sha256, given.body
    FROM unnest(p_hashes, p_bodies) AS given (sha256, body)
   ORDER BY given.sha256
  ON CONFLICT DO NOTHING;
END
$$;
--> statement-breakpoint
-- What one event means for the read model. Called for newly stored events only, under the stream's lock.
CREATE FUNCTION project_event(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text, p_change jsonb
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  CASE p_change ->> 'change'
    WHEN 'run_started' THEN
      -- What a workflow says proves that Temporal took the start.
      UPDATE runs r
         SET status = 'running', started_in_temporal = r.started_in_temporal OR p_origin = 'workflow'
       WHERE r.run_id = p_run_id AND r.ended_at IS NULL
         AND (r.status <> 'running' OR NOT r.started_in_temporal AND p_origin = 'workflow');

    WHEN 'run_status' THEN
      UPDATE runs r
         SET status = p_change ->> 'status'
       WHERE r.run_id = p_run_id AND r.ended_at IS NULL AND r.status <> p_change ->> 'status';

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
      UPDATE approvals a SET status = 'withdrawn' WHERE a.root_run_id = p_root_run_id
         AND a.run_id = p_run_id AND a.status = 'pending';
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id;

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
             execute_by = excluded.execute_by, decided_at = NULL, request = excluded.request, decision = NULL
       WHERE excluded.revision > a.revision;

    WHEN 'approval_closed' THEN
      -- The first outcome stands until the gate voids it.
      UPDATE approvals a
         SET status = p_change ->> 'status',
             decided_at = (p_change ->> 'decidedAt')::bigint,
             execute_by = (p_change ->> 'executeBy')::bigint,
             decision = p_change ->> 'decision'
       WHERE a.approval_id = p_change ->> 'approvalId' AND a.run_id = p_run_id
         AND a.revision = (p_change ->> 'revision')::integer AND a.status = 'pending';

    WHEN 'approval_reopened' THEN
      UPDATE approvals a
         SET status = 'pending', decided_at = NULL, execute_by = NULL, decision = NULL
       WHERE a.approval_id = p_change ->> 'approvalId' AND a.run_id = p_run_id
         AND a.revision = (p_change ->> 'revision')::integer
         AND EXISTS (SELECT FROM runs r WHERE r.run_id = p_run_id AND r.ended_at IS NULL);

    WHEN 'message_completed' THEN
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id AND d.turn <= (p_change ->> 'turn')::integer;

    WHEN 'message_restarted' THEN
      DELETE FROM message_deltas d WHERE d.run_id = p_run_id AND d.turn = (p_change ->> 'turn')::integer;
  END CASE;
END
$$;
--> statement-breakpoint
-- Appends what is new of a batch to the root run's sequence and hash chain. Costs the same at any length of the run.
-- Errors: CSE04 unknown_run, CSE09 event_gap.
CREATE FUNCTION append_events(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text,
  p_ordinals integer[], p_types text[], p_ats bigint[], p_turns integer[], p_bodies bytea[],
  p_changes jsonb, p_only_unfinished boolean,
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
    INSERT INTO run_events (root_run_id, seq, at, ordinal, turn, run_id, origin, type, prev_hash, hash, body)
    VALUES (p_root_run_id, stream_seq, given.at, given.ordinal, given.turn, p_run_id, p_origin, given.type,
            stream_head, next_hash, given.body);
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
-- Appends the events that ride along, then reserves the effect: both are committed before the tool runs.
CREATE FUNCTION reserve_effect(
  p_tenant text, p_project text, p_root_run_id text, p_run_id text, p_origin text,
  p_ordinals integer[], p_types text[], p_ats bigint[], p_turns integer[], p_bodies bytea[], p_changes jsonb,
  p_effect_key text, p_digest text, p_nonce text, p_effect text, p_now bigint,
  OUT stored_ordinal integer, OUT state text, OUT run_status text, OUT epoch integer, OUT attempt_nonce text,
  OUT outcome text, OUT content_sha256 bytea, OUT content_bytes integer, OUT failure_code text
)
LANGUAGE plpgsql AS $$
DECLARE
  run_over boolean;
  known effects%ROWTYPE;
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
    INSERT INTO effects (tenant, effect_key, run_id, digest, effect, epoch, nonce, reserved_at)
    VALUES (p_tenant, p_effect_key, p_run_id, p_digest, p_effect, 1, p_nonce, p_now)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
      state := 'reserved'; epoch := 1; attempt_nonce := p_nonce;
      RETURN;
    END IF;
  END IF;

  SELECT * INTO known FROM effects e WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key FOR UPDATE;
  IF NOT FOUND THEN
    state := 'run_over';
    RETURN;
  END IF;
  epoch := known.epoch; attempt_nonce := known.nonce;

  IF known.digest <> p_digest OR known.run_id <> p_run_id THEN
    state := 'digest_mismatch';
  ELSIF known.settled_at IS NOT NULL THEN
    state := 'settled';
    outcome := known.outcome;
    content_sha256 := known.content_sha256; content_bytes := known.content_bytes;
    failure_code := known.failure_code;
  ELSIF run_over THEN
    state := 'run_over';
  ELSIF known.nonce = p_nonce THEN
    state := 'reserved';
  ELSIF known.effect = 'once' OR p_effect = 'once' THEN
    -- Another attempt may have run the tool: nobody guesses.
    state := 'outcome_unknown';
  ELSE
    UPDATE effects e SET nonce = p_nonce, reserved_at = p_now WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key;
    state := 'reserved'; attempt_nonce := p_nonce;
  END IF;
END
$$;
--> statement-breakpoint
-- Compare-and-set on the attempt's nonce; the same settlement again gives the same answer.
CREATE FUNCTION settle_effect(
  p_tenant text, p_effect_key text, p_epoch integer, p_nonce text,
  p_outcome text, p_content_sha256 bytea, p_content_bytes integer, p_failure_code text,
  p_blob_hashes bytea[], p_blob_bodies bytea[], p_now bigint,
  OUT state text, OUT outcome text, OUT content_sha256 bytea, OUT content_bytes integer, OUT failure_code text
)
LANGUAGE plpgsql AS $$
DECLARE
  known effects%ROWTYPE;
BEGIN
  UPDATE effects e
     SET settled_at = p_now, outcome = p_outcome, content_sha256 = p_content_sha256, content_bytes = p_content_bytes,
         failure_code = p_failure_code
   WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key
     AND e.epoch = p_epoch AND e.nonce = p_nonce AND e.settled_at IS NULL;
  IF FOUND THEN
    state := 'settled';
  ELSE
    SELECT * INTO known FROM effects e WHERE e.tenant = p_tenant AND e.effect_key = p_effect_key;
    IF FOUND AND known.epoch = p_epoch AND known.nonce = p_nonce
       AND (known.outcome, known.content_sha256, known.failure_code)
           IS NOT DISTINCT FROM (p_outcome, p_content_sha256, p_failure_code) THEN
      state := 'settled';
    ELSE
      state := 'late';
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
-- Create-or-get. Duplicates wait for the first one's commit and then see its row. Error: CSE05 run_id_taken.
CREATE FUNCTION create_run(
  p_run jsonb, p_genesis bytea, p_blob_hashes bytea[], p_blob_bodies bytea[],
  OUT outcome text, OUT run runs, OUT event_seq bigint, OUT head_hash bytea, OUT touched_at bigint
)
LANGUAGE plpgsql AS $$
DECLARE
  given runs%ROWTYPE;
BEGIN
  given := jsonb_populate_record(NULL::runs, p_run);
  FOR try IN 1..10 LOOP
    INSERT INTO runs SELECT (given).* ON CONFLICT DO NOTHING;
    IF FOUND THEN
      INSERT INTO streams (root_run_id, tenant, project, seq, head_hash, touched_at)
      VALUES (given.root_run_id, given.tenant, given.project, 0, p_genesis, given.created_at)
      ON CONFLICT DO NOTHING;
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
     WHERE r.tenant = given.tenant AND r.project = given.project
       AND r.conversation_id = given.conversation_id AND r.ended_at IS NULL;
    IF FOUND THEN
      outcome := 'conversation_busy';
      EXIT;
    END IF;
    -- What stood in the way is gone: try again.
  END LOOP;
  IF outcome IS NULL THEN
    RAISE EXCEPTION 'the run could not be created' USING ERRCODE = '40001';
  END IF;
  SELECT s.seq, s.head_hash, s.touched_at INTO event_seq, head_hash, touched_at
    FROM streams s WHERE s.root_run_id = run.root_run_id;
END
$$;
--> statement-breakpoint
-- A piece of an open message. Nothing of a turn that is complete or of a run that ended is taken any more.
CREATE FUNCTION append_delta(
  p_tenant text, p_project text, p_run_id text, p_turn integer, p_attempt integer, p_offset integer,
  p_text text, p_now bigint, p_notice text
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO message_deltas (run_id, turn, attempt, offset_chars, at, text)
  SELECT p_run_id, p_turn, p_attempt, p_offset, p_now, p_text
    FROM runs r
   WHERE r.run_id = p_run_id AND r.tenant = p_tenant AND r.project = p_project AND r.ended_at IS NULL
     AND coalesce((
           SELECT e.turn FROM run_events e
            WHERE e.run_id = p_run_id
              AND e.type IN ('run.started', 'message.completed', 'tool.completed', 'tool.failed', 'tool.denied',
                             'contract.unmet')
              AND e.type = 'message.completed'
            ORDER BY e.seq DESC LIMIT 1), 0) < p_turn
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM pg_notify('countersign_events', p_notice);
  RETURN true;
END
$$;
