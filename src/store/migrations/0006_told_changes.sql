-- What somebody changes, and the event that tells it in their tenant's chain: one transaction, so that both are there or
-- neither. Nothing changed, nothing is told. `p_types`, `p_ats` and `p_bodies` are as for append_audit. Locks are taken in
-- the order that 0003 gives: the audit head after the change, before blobs.
DROP FUNCTION set_brake(jsonb);
--> statement-breakpoint
-- Puts a brake on. From its return on nothing that it names is reserved any more. The first one under an id stands.
CREATE FUNCTION set_brake(p_brake jsonb, p_types text[], p_ats bigint[], p_bodies bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(brake_lock(p_brake ->> 'tenant'));
  INSERT INTO brakes SELECT (jsonb_populate_record(NULL::brakes, p_brake)).* ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM append_audit(p_brake ->> 'tenant', p_types, p_ats, p_bodies);
  RETURN true;
END
$$;
--> statement-breakpoint
CREATE FUNCTION release_brake(
  p_tenant text, p_brake_id text, p_principal text, p_now bigint, p_types text[], p_ats bigint[], p_bodies bytea[]
) RETURNS SETOF brakes
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
    UPDATE brakes b SET released_at = p_now, released_by = p_principal
     WHERE b.tenant = p_tenant AND b.brake_id = p_brake_id AND b.released_at IS NULL RETURNING b.*;
  IF FOUND THEN PERFORM append_audit(p_tenant, p_types, p_ats, p_bodies); END IF;
END
$$;
--> statement-breakpoint
-- The first one under an id stands.
CREATE FUNCTION add_bypass(p_bypass jsonb, p_types text[], p_ats bigint[], p_bodies bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO brake_bypasses SELECT (jsonb_populate_record(NULL::brake_bypasses, p_bypass)).* ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM append_audit(p_bypass ->> 'tenant', p_types, p_ats, p_bodies);
  RETURN true;
END
$$;
--> statement-breakpoint
CREATE FUNCTION end_bypass(
  p_tenant text, p_bypass_id text, p_principal text, p_now bigint, p_types text[], p_ats bigint[], p_bodies bytea[]
) RETURNS SETOF brake_bypasses
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
    UPDATE brake_bypasses b SET ended_at = p_now, ended_by = p_principal
     WHERE b.tenant = p_tenant AND b.bypass_id = p_bypass_id AND b.ended_at IS NULL RETURNING b.*;
  IF FOUND THEN PERFORM append_audit(p_tenant, p_types, p_ats, p_bodies); END IF;
END
$$;
--> statement-breakpoint
-- Keeps a grant that lives at once, with its constraints. The first one under an id stands.
CREATE FUNCTION create_grant(
  p_grant jsonb, p_blob_hashes bytea[], p_blob_bodies bytea[], p_types text[], p_ats bigint[], p_bodies bytea[]
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO grants SELECT (jsonb_populate_record(NULL::grants, p_grant)).* ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM append_audit(p_grant ->> 'tenant', p_types, p_ats, p_bodies);
  PERFORM put_blobs(p_grant ->> 'tenant', p_blob_hashes, p_blob_bodies);
  RETURN true;
END
$$;
--> statement-breakpoint
CREATE FUNCTION revoke_grant(
  p_tenant text, p_project text, p_grant_id text, p_principal text, p_now bigint,
  p_types text[], p_ats bigint[], p_bodies bytea[]
) RETURNS SETOF grants
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
    UPDATE grants g SET state = 'revoked', revoked_at = p_now, revoked_by = p_principal
     WHERE g.tenant = p_tenant AND g.project = p_project AND g.grant_id = p_grant_id AND g.state <> 'revoked'
    RETURNING g.*;
  IF FOUND THEN PERFORM append_audit(p_tenant, p_types, p_ats, p_bodies); END IF;
END
$$;
--> statement-breakpoint
-- The first one under an id stands.
CREATE FUNCTION add_delegation(p_delegation jsonb, p_types text[], p_ats bigint[], p_bodies bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO delegations SELECT (jsonb_populate_record(NULL::delegations, p_delegation)).* ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM append_audit(p_delegation ->> 'tenant', p_types, p_ats, p_bodies);
  RETURN true;
END
$$;
--> statement-breakpoint
CREATE FUNCTION end_delegation(
  p_tenant text, p_project text, p_delegation_id text, p_principal text, p_now bigint,
  p_types text[], p_ats bigint[], p_bodies bytea[]
) RETURNS SETOF delegations
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
    UPDATE delegations d SET ended_at = p_now, ended_by = p_principal
     WHERE d.tenant = p_tenant AND d.project = p_project AND d.delegation_id = p_delegation_id AND d.ended_at IS NULL
    RETURNING d.*;
  IF FOUND THEN PERFORM append_audit(p_tenant, p_types, p_ats, p_bodies); END IF;
END
$$;
--> statement-breakpoint
-- The same as what holds already is no new version, also where it comes twice at once.
CREATE FUNCTION put_policy_layer(
  p_tenant text, p_project text, p_name text, p_slot text, p_digest text, p_body text, p_principal text, p_now bigint,
  p_types text[], p_ats bigint[], p_bodies bytea[]
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('countersign.policy/v1/' || p_tenant, 0));
  INSERT INTO policy_layers (tenant, project, name, slot, digest, body, put_by, put_at)
  SELECT p_tenant, p_project, p_name, p_slot, p_digest, p_body, p_principal, p_now
   WHERE p_digest IS DISTINCT FROM (
     SELECT p.digest FROM policy_layers p
      WHERE p.tenant = p_tenant AND p.project = p_project AND p.name = p_name AND p.slot = p_slot
      ORDER BY p.id DESC LIMIT 1);
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM append_audit(p_tenant, p_types, p_ats, p_bodies);
  RETURN true;
END
$$;
