ALTER TABLE "runs" ADD COLUMN "parent_run_id" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "parent_call_id" text;--> statement-breakpoint
CREATE INDEX "runs_of_parent" ON "runs" USING btree ("parent_run_id") WHERE "runs"."parent_run_id" is not null;--> statement-breakpoint
-- Makes the row of a sub-run, or finds it made. All sub-runs of a tree are made under the lock of its stream: they are
-- counted, and none begins once its parent has ended or another run has taken the tree's place. `conflict`: a row of this
-- id is there, and another start than the one that follows from its parent.
CREATE FUNCTION create_sub_run(
  p_run jsonb, p_max_sub_runs integer, p_definition bytea, p_blob_hashes bytea[], p_blob_bodies bytea[],
  OUT outcome text
)
LANGUAGE plpgsql AS $$
DECLARE
  given runs%ROWTYPE;
  known runs%ROWTYPE;
BEGIN
  given := jsonb_populate_record(NULL::runs, p_run);
  PERFORM FROM streams s
    WHERE s.root_run_id = given.root_run_id AND s.tenant = given.tenant AND s.project = given.project FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no event stream of this run' USING ERRCODE = 'CSE04';
  END IF;
  SELECT * INTO known FROM runs r WHERE r.run_id = given.run_id;
  IF FOUND THEN
    outcome := CASE WHEN known.start_bytes = given.start_bytes AND known.tenant = given.tenant
                     AND known.project = given.project AND known.root_run_id = given.root_run_id
                     AND known.parent_run_id = given.parent_run_id
                    THEN 'existing' ELSE 'conflict' END;
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM runs r WHERE r.run_id IN (given.root_run_id, given.parent_run_id)
                                  AND (r.ended_at IS NOT NULL OR r.replaced_by IS NOT NULL)) THEN
    outcome := 'run_over';
    RETURN;
  END IF;
  IF (SELECT count(*) FROM runs r WHERE r.root_run_id = given.root_run_id AND r.run_id <> r.root_run_id)
     >= p_max_sub_runs THEN
    outcome := 'too_many';
    RETURN;
  END IF;
  INSERT INTO runs SELECT (given).*;
  INSERT INTO definitions (tenant, project, digest, body)
  VALUES (given.tenant, given.project, given.agent_digest, p_definition) ON CONFLICT DO NOTHING;
  PERFORM put_blobs(given.tenant, p_blob_hashes, p_blob_bodies);
  outcome := 'created';
END
$$;
