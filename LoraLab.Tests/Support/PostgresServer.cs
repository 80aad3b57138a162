using System.Diagnostics;
using Npgsql;

namespace LoraLab.Tests.Support;

/// <summary>
/// A PostgreSQL for the tests of this process: that of <c>LORALAB_TEST_POSTGRES</c> (a connection string), else a private one, made and
/// started with the binaries of Debian's package, which is installed if it is missing. It ends with this process.
/// </summary>
internal sealed class PostgresServer
{
    private const string Binaries = "/usr/lib/postgresql";

    // Not on a thread of the tests, which may all be waiting for it.
    private static readonly Lazy<Task<PostgresServer>> _shared = new(() => Task.Run(StartAsync));

    // Referenced, because its stdin closes when it is collected.
    private static Process? _shell;

    private readonly string _connection;

    private PostgresServer(string connection) => _connection = connection;

    /// <summary>The server, started by its first user.</summary>
    public static Task<PostgresServer> SharedAsync() => _shared.Value;

    /// <summary>A connection string for a place of its own in the database, which is empty.</summary>
    public string NewPlace() => new NpgsqlConnectionStringBuilder(_connection)
    {
        SearchPath = $"t{Guid.NewGuid():N}",
        MaxPoolSize = 20,
        IncludeErrorDetail = true,
    }.ConnectionString;

    /// <summary>Executes a statement at a place.</summary>
    public static async Task ExecuteAsync(string connection, string sql)
    {
        await using NpgsqlConnection open = new(connection + ";Pooling=false");
        await open.OpenAsync();
        await using NpgsqlCommand command = new(sql, open);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<PostgresServer> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("LORALAB_TEST_POSTGRES") is { Length: > 0 } given)
        {
            return new PostgresServer(given);
        }

        if (Find() is null)
        {
            await DebianPackages.InstallAsync("postgresql");
        }

        string binaries = Find() ?? throw new InvalidOperationException("The tests of the PostgreSQL store need PostgreSQL, which could "
            + "not be installed: install it (Debian: apt-get install postgresql), or set LORALAB_TEST_POSTGRES to a connection string.");
        string folder = Path.Combine(Path.GetTempPath(), $"loralab-pg-{Guid.NewGuid():N}");
        // It refuses to run as root. The shell's stdin ends with this process, and then it ends the server and removes its folder; in a
        // session of its own, because what ends this process may end its group.
        string run = Environment.IsPrivilegedProcess ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : "";
        string script = $$"""
            set -e
            trap 'rm -rf {{folder}} {{folder}}.log' EXIT
            {{run}} mkdir -m 700 {{folder}}
            {{run}} {{binaries}}/initdb -D {{folder}}/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
            {{run}} {{binaries}}/postgres -D {{folder}}/data -k {{folder}} -c listen_addresses= -c max_connections=300 -c fsync=off \
              > {{folder}}.log 2>&1 < /dev/null &
            server=$!
            until [ -S {{folder}}/.s.PGSQL.5432 ]; do kill -0 $server; sleep 0.1; done
            echo ready
            read -r end || true
            kill -INT $server
            wait $server || true
            """;
        _shell = Process.Start(new ProcessStartInfo("setsid", ["bash", "-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        if (await _shell.StandardOutput.ReadLineAsync() != "ready")
        {
            throw new InvalidOperationException($"PostgreSQL did not start; see {folder}.log.");
        }

        return new PostgresServer($"Host={folder};Username=postgres;Database=postgres");
    }

    private static string? Find() => Directory.Exists(Binaries)
        ? Directory.EnumerateDirectories(Binaries).Select(version => Path.Combine(version, "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "postgres"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;
}
