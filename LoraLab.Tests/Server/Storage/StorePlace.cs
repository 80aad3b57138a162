using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LoraLab.Tests.Server.Storage;

/// <summary>Where a store is kept, so that it can be opened again.</summary>
internal abstract class StorePlace : IDisposable
{
    /// <summary>Opens the store, which is empty the first time.</summary>
    public abstract OpenStore Open();

    public virtual void Dispose()
    {
    }

    /// <summary>A folder, for the embedded store.</summary>
    internal sealed class InFolder : StorePlace
    {
        private readonly TemporaryFolder _folder = new();

        public override OpenStore Open() => new StoreOnDisk(_folder.Path);

        public override void Dispose() => _folder.Dispose();
    }

    /// <summary>A schema of a PostgreSQL database.</summary>
    internal sealed class InPostgres : StorePlace
    {
        private readonly string _connection = PostgresServer.SharedAsync().GetAwaiter().GetResult().NewPlace();

        /// <summary>The connection string.</summary>
        public string Connection => _connection;

        public override OpenStore Open() => new PostgresStore(_connection);

        public override void Dispose()
        {
            using NpgsqlConnection connection = new(_connection);
            connection.Open();
            string schema = new NpgsqlConnectionStringBuilder(_connection).SearchPath!;
            using NpgsqlCommand drop = new($"drop schema if exists \"{schema}\" cascade", connection);
            drop.ExecuteNonQuery();
            connection.Close();
            NpgsqlConnection.ClearPool(connection);
        }
    }

    private sealed class PostgresStore : OpenStore
    {
        private readonly PostgresDatabase _database;
        private readonly NodeSession _session;
        private readonly TransientRows _passing;
        private readonly PostgresRunStore _store;

        public PostgresStore(string connection)
        {
            IConfiguration configuration = new ConfigurationBuilder()
                .AddInMemoryCollection([new($"ConnectionStrings:{PostgresConnection.Name}", connection)]).Build();
            IOptions<LoraLabOptions> options = Options.Create(new LoraLabOptions { RepeatTransactions = true });
            _database = new PostgresDatabase(configuration);
            _session = new NodeSession(
                _database,
                Options.Create(new LoraLabOptions { NodeName = $"node-{Guid.NewGuid():N}" }),
                TimeProvider.System,
                NullLogger<NodeSession>.Instance);
            _passing = new TransientRows(_database, TimeProvider.System);
            _store = new PostgresRunStore(_database, _passing, new HeldLeases(), new LeaseTimes(options), Sink, Changes, options,
                TimeProvider.System, NullLogger<PostgresRunStore>.Instance);
        }

        public override IRunStore Store => _store;

        public override void Dispose()
        {
            _store.Dispose();
            _passing.Dispose();
            _session.Dispose();
            _database.Dispose();
        }
    }
}
