using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Security;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Server.Storage.Records;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LoraLab.Tests.Server.Security;

/// <summary>Where made keys are kept: a data directory, or a PostgreSQL database that several nodes use.</summary>
internal sealed class KeyPlace : IDisposable
{
    private readonly TemporaryFolder? _folder;
    private readonly string? _connection;
    private readonly List<NpgsqlDataSource> _sources = [];

    public KeyPlace(bool postgres)
    {
        _folder = postgres ? null : new TemporaryFolder();
        _connection = postgres ? PostgresServer.SharedAsync().GetAwaiter().GetResult().NewPlace() : null;
    }

    /// <summary>The connection string of the database.</summary>
    public string Connection => _connection!;

    /// <summary>The paths of a data directory in a folder.</summary>
    public static LoraLabPaths PathsIn(TemporaryFolder folder) => new(
        new HostingEnvironment { ContentRootPath = folder.Path }, Options.Create(new LoraLabOptions { DataDirectory = "data" }));

    /// <summary>The pool of connections of one more node.</summary>
    public NpgsqlDataSource Connect()
    {
        NpgsqlDataSource source = PostgresConnection.Open(_connection!);
        _sources.Add(source);
        return source;
    }

    /// <summary>Opens the store, as each node and each start does.</summary>
    public IKeyStore Open() => _folder is null ? new ApiKeyRows(Connect()) : new KeyFile(PathsIn(_folder));

    /// <summary>The ring of one node.</summary>
    public static ApiKeyRing Ring(IKeyStore store, params ServerKey[] configured) => new(
        new ConfigurationBuilder().AddInMemoryCollection(ServerKey.Environment(configured).ToDictionary(
            setting => setting.Key.Replace("__", ":", StringComparison.Ordinal), setting => (string?)setting.Value)).Build(),
        store,
        NullLogger<ApiKeyRing>.Instance,
        TimeProvider.System);

    public static KeyService Service(ApiKeyRing ring, IKeyStore store) =>
        new(ring, store, TimeProvider.System, NullLogger<KeyService>.Instance);

    public void Dispose()
    {
        foreach (NpgsqlDataSource source in _sources)
        {
            source.Dispose();
        }

        _folder?.Dispose();
    }
}
