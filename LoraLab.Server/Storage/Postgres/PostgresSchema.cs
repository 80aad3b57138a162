using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// The tables and their versions. Nodes that start at the same time create or change them one after the other; each change is one
/// transaction with its number.
/// </summary>
internal static class PostgresSchema
{
    private const string Create = """
        create table counter (only_one boolean primary key default true check (only_one), seq bigint not null, paused boolean not null);
        insert into counter values (true, 0, false);
        create table runs (
          id text collate "C" primary key,
          document jsonb not null,
          keys jsonb not null,
          texts jsonb not null,
          tags text[] not null,
          aliases text[] not null,
          parents text[] not null,
          position bigint generated always as ((document ->> 'position')::bigint) stored,
          priority integer generated always as ((document #>> '{document,priority}')::integer) stored,
          state text collate "C" generated always as (document #>> '{document,state}') stored,
          method text collate "C" generated always as (document #>> '{document,spec,method}') stored,
          model text collate "C" generated always as (document #>> '{document,spec,model}') stored,
          dataset text collate "C" generated always as (document #>> '{document,spec,dataset}') stored,
          device text collate "C" generated always as (document #>> '{document,spec,device}') stored,
          name text collate "C" generated always as (document #>> '{document,name}') stored,
          color text collate "C" generated always as (document #>> '{document,color}') stored,
          study text collate "C" generated always as (document #>> '{document,studyId}') stored,
          sweep text collate "C" generated always as (document #>> '{document,sweepId}') stored,
          experiment_key text collate "C" generated always as (document ->> 'planKey') stored);
        create index runs_state on runs (state, id);
        create index runs_waiting on runs (priority desc, position, id) where state = 'queued';
        create index runs_position on runs (position);
        create index runs_method on runs (method, color);
        create index runs_trained on runs (model, dataset);
        create index runs_name on runs (name);
        create index runs_study on runs (study) where study is not null;
        create index runs_sweep on runs (sweep) where sweep is not null;
        create index runs_tags on runs using gin (tags);
        create index runs_aliases on runs using gin (aliases);
        create index runs_parents on runs using gin (parents);
        create table experiments (
          id text collate "C" primary key,
          document jsonb not null,
          kind text collate "C" generated always as (document ->> 'kind') stored);
        create table points (
          run text collate "C" not null references runs on delete cascade,
          key text collate "C" not null,
          attempt integer not null,
          block integer not null,
          x bytea not null,
          y bytea not null,
          primary key (run, key, attempt, block));
        create table events (
          seq bigint primary key,
          run text collate "C",
          type text not null,
          at timestamptz not null,
          data text not null,
          origin uuid not null);
        create index events_run on events (run, seq);
        create table responses (
          key text collate "C" primary key,
          document text not null,
          created_id text collate "C" not null,
          at timestamptz not null);
        create table transactions (id uuid primary key, at timestamptz not null);
        create index transactions_at on transactions (at);
        """;

    private const string AddKeys = """
        create table api_keys (
          name text collate "C" primary key,
          scopes text[] not null,
          sha256 text not null unique,
          created_at timestamptz not null,
          created_by text,
          last_used timestamptz);
        create table cookie_keys (
          name text collate "C" primary key,
          xml text not null,
          at timestamptz not null default clock_timestamp());
        """;

    // Transient events are lost with a crash of the database, as they are for a client that is not there.
    private const string AddNodes = """
        alter table runs add column requires jsonb
          generated always as (coalesce(document #> '{document,spec,requires}', '[]'::jsonb)) stored;
        create table leases (
          run text collate "C" primary key references runs on delete cascade,
          attempt integer not null,
          token uuid not null,
          node text collate "C" not null,
          until timestamptz not null);
        create index leases_node on leases (node);
        create table nodes (
          name text collate "C" primary key,
          role text not null,
          devices text[] not null,
          labels text[] not null,
          seen timestamptz not null,
          until timestamptz not null,
          drift double precision not null,
          draining boolean not null default false);
        create table cluster (only_one boolean primary key default true check (only_one), id uuid not null, marked boolean not null);
        insert into cluster values (true, gen_random_uuid(), false);
        create table moments (only_one boolean primary key default true check (only_one), last bigint not null);
        insert into moments values (true, 0);
        create unlogged table passing (
          id bigint generated always as identity primary key,
          run text collate "C",
          type text not null,
          at timestamptz not null,
          data text not null,
          origin uuid not null);
        """;

    // Emptied by a crash of the database, which may lose the last points, progress and numbers of events.
    private const string AddIntact = """
        create unlogged table intact (only_one boolean primary key default true check (only_one));
        insert into intact values (true);
        """;

    /// <summary>The changes in order; the version of a database is the number of those it has.</summary>
    private static readonly string[] _changes = [Create, AddKeys, AddNodes, AddIntact];

    /// <summary>Creates or updates the tables.</summary>
    /// <exception cref="StartFailure">A newer version wrote the database.</exception>
    public static void Update(NpgsqlDataSource source, string schema)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        Execute(connection, "select pg_advisory_xact_lock(hashtext('loralab schema ' || $1))", schema);
        Execute(connection, $"create schema if not exists \"{schema}\"");
        Execute(connection, "create table if not exists versions (number integer primary key, fields text not null)");
        (int version, string fields) = Read(connection);
        if (version > _changes.Length)
        {
            throw new StartFailure($"The PostgreSQL database has version {version} of LoraLab's tables, and this server knows versions up "
                + $"to {_changes.Length}: update this server, or connect it to another database or Search Path.");
        }

        foreach (string change in _changes.Skip(version))
        {
            Execute(connection, change);
        }

        if (fields != RunRow.FieldsVersion)
        {
            AddSortColumns(connection);
            ComputeAgain(connection);
        }

        Execute(connection, "delete from versions");
        Execute(connection, "insert into versions values ($1, $2)", _changes.Length, RunRow.FieldsVersion);
        transaction.Commit();
    }

    /// <summary>Requires the tables as this server knows them, and changes nothing.</summary>
    /// <exception cref="StartFailure">There are none, or they are of another version.</exception>
    public static void Require(NpgsqlDataSource source)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        using NpgsqlCommand exists = new("select to_regclass('versions') is not null", connection);
        if (exists.ExecuteScalar() is not true)
        {
            throw new StartFailure("The PostgreSQL database has no tables of LoraLab; "
                + "correct ConnectionStrings:Postgres or its Search Path.");
        }

        int version = Read(connection).Version;
        if (version != _changes.Length)
        {
            throw new StartFailure($"The PostgreSQL database has version {version} of LoraLab's tables, and this server reads version "
                + $"{_changes.Length}: "
                + (version < _changes.Length
                    ? "start it once on this database, which updates them."
                    : "use the newer LoraLab that wrote them."));
        }
    }

    private static (int Version, string Fields) Read(NpgsqlConnection connection)
    {
        using NpgsqlCommand command = new("select number, fields from versions order by number desc limit 1", connection);
        using NpgsqlDataReader reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt32(0), reader.GetString(1)) : (0, "");
    }

    /// <summary>A column for each field with an index for sorting: a list by it reads no document that it does not show.</summary>
    private static void AddSortColumns(NpgsqlConnection connection) => Execute(connection, "alter table runs " + string.Join(
        ", ",
        RunSort.FieldNames.Where(field => field != "id").Select(field =>
        {
            string value = $"keys ->> {SqlParameters.Literal(field)}";
            string column = RunSort.By(field).Parts[0].IsText
                ? $"text collate \"C\" generated always as ({value}) stored"
                : $"double precision generated always as (({value})::double precision) stored";
            return $"add column if not exists {OrderSql.Column(field)} {column}";
        })));

    private static void ComputeAgain(NpgsqlConnection connection)
    {
        List<StoredRun> all = [];
        using (NpgsqlCommand command = new("select document from runs", connection))
        using (NpgsqlDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                all.Add(RunRow.Read(reader.GetString(0)));
            }
        }

        foreach (StoredRun run in all)
        {
            RunRow row = RunRow.Of(run);
            Execute(
                connection,
                "update runs set keys = $2::jsonb, texts = $3::jsonb, parents = $4 where id = $1",
                run.Document.Id,
                row.Keys,
                row.Texts,
                row.Parents);
        }
    }

    private static void Execute(NpgsqlConnection connection, string sql, params object[] values)
    {
        using NpgsqlCommand command = new(sql, connection);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        command.ExecuteNonQuery();
    }
}
