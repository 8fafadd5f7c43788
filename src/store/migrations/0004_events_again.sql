-- Appends what is new of a batch to the root run's sequence and hash chain. Costs the same at any length of the run.
-- Errors: CSE04 unknown_run, CSE09 event_gap, CSE10 event_conflict.
CREATE OR REPLACE FUNCTION append_events(
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
  IF p_origin = 'workflow' THEN
    SELECT greatest(stored_ordinal, max(e.ordinal)) INTO stored_ordinal
      FROM run_events e WHERE e.run_id = p_run_id AND e.origin = 'workflow.again';
    -- A worker that died may have stored events of a task that Temporal never recorded; the task that took its place
    -- numbers its own from the same place.
    IF cardinality(p_ordinals) > 0 AND p_ordinals[1] <= stored_ordinal AND EXISTS (
      SELECT FROM unnest(p_ordinals, p_types) AS g (ordinal, type)
        JOIN run_events e ON e.run_id = p_run_id AND e.origin = p_origin AND e.ordinal = g.ordinal
       WHERE e.type <> g.type)
    THEN
      RAISE EXCEPTION 'other events have these numbers' USING ERRCODE = 'CSE10';
    END IF;
  END IF;

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
      IF given.ordinal > stored_ordinal + 1 AND NOT EXISTS (
        SELECT FROM run_events e WHERE e.run_id = p_run_id AND e.origin = 'workflow.again')
      THEN
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
