using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>The keys that sign the dashboard's cookies, in a table: a cookie of one web node is valid on all.</summary>
internal sealed class CookieKeyRows(NpgsqlDataSource source) : IXmlRepository
{
    private readonly SqlQuery _query = new(source.OpenConnection, owned: true);

    /// <inheritdoc />
    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. _query.All("select xml from cookie_keys order by at, name", row => XElement.Parse(row.GetString(0)))];

    /// <summary>
    /// Stores a key, unless another node did so in the last seconds: nodes that start together, or replace a key at the same moment, must
    /// sign with the same one. The node that comes second reads all keys again and takes the other's.
    /// </summary>
    public void StoreElement(XElement element, string friendlyName)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("lock table cookie_keys in share row exclusive mode"));
        batch.BatchCommands.Add(SqlParameters.Command(
            "insert into cookie_keys (name, xml) select $1, $2 "
                + "where not exists (select from cookie_keys where at > clock_timestamp() - interval '30 seconds')",
            friendlyName,
            element.ToString(SaveOptions.DisableFormatting)));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        batch.ExecuteNonQuery();
    }
}
