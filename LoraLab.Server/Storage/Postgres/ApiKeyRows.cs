using LoraLab.Server.Infrastructure.Access;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>The made keys in a table that all nodes read.</summary>
internal sealed class ApiKeyRows(NpgsqlDataSource source) : IKeyStore
{
    private const string Columns = "name, scopes, sha256, created_at, created_by, last_used";

    private const string InsertRow = $"insert into api_keys ({Columns}) values ($1, $2, $3, $4, $5, $6)";

    private readonly SqlQuery _query = new(source.OpenConnection, owned: true);

    /// <inheritdoc />
    public IReadOnlyList<StoredKey> Read() => ReadAll(_query);

    /// <inheritdoc />
    public bool Add(StoredKey key) => Changed($"{InsertRow} on conflict do nothing returning name", ValuesOf(key));

    /// <inheritdoc />
    public bool Remove(string name) => Changed("delete from api_keys where name = $1 returning name", name);

    /// <inheritdoc />
    public void MarkUsed(string name, DateTimeOffset at) => Changed(
        "update api_keys set last_used = $2 where name = $1 and (last_used is null or last_used < $2) returning name",
        name,
        at.ToUniversalTime());

    /// <summary>All keys, by name.</summary>
    public static IReadOnlyList<StoredKey> ReadAll(SqlQuery query) =>
        query.All($"select {Columns} from api_keys order by name", ReadRow);

    /// <summary>Adds a key, where there is none of its name.</summary>
    public static NpgsqlBatchCommand Insert(StoredKey key) => SqlParameters.Command(InsertRow, ValuesOf(key));

    private static object[] ValuesOf(StoredKey key) =>
    [
        key.Name,
        key.Scopes.ToArray(),
        key.Sha256,
        key.CreatedAt.ToUniversalTime(),
        (object?)key.CreatedBy ?? DBNull.Value,
        key.LastUsedAt is DateTimeOffset used ? used.ToUniversalTime() : DBNull.Value,
    ];

    private static StoredKey ReadRow(NpgsqlDataReader row) => new()
    {
        Name = row.GetString(0),
        Scopes = row.GetFieldValue<string[]>(1),
        Sha256 = row.GetString(2),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(3),
        CreatedBy = row.IsDBNull(4) ? null : row.GetString(4),
        LastUsedAt = row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5),
    };

    private bool Changed(string sql, params object[] values) => _query.One(sql, row => row.GetString(0), values) is not null;
}
