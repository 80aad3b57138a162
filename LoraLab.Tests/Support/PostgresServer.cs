using System.Diagnostics;
using Npgsql;

namespace LoraLab.Tests.Support;

/// <summary>
/// A PostgreSQL for the tests of this process: that of <c>LORALAB_TEST_POSTGRES</c> (a connection string), else a private one, made and
/// started with the binaries of Debian's package, which is installed if it is missing. It ends with this process.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string Binaries = "/usr/lib/postgresql";

    /// <summary>It refuses to run as root.</summary>
    private static readonly string _asItsUser =
        Environment.IsPrivilegedProcess ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : "";

    // Not on a thread of the tests, which may all be waiting for it.
    private static readonly Lazy<Task<PostgresServer>> _shared = new(() => Task.Run(SharedOrGivenAsync));

    private readonly string _connection;
    private readonly string _folder;

    // Referenced, because its stdin closes when it is collected.
    private readonly Process? _shell;

    private PostgresServer(string connection, string folder = "", Process? shell = null) =>
        (_connection, _folder, _shell) = (connection, folder, shell);

    /// <summary>The server, started by its first user.</summary>
    public static Task<PostgresServer> SharedAsync() => _shared.Value;

    /// <summary>Starts a server that nobody else uses.</summary>
    /// <param name="connections">How many connections it allows.</param>
    /// <param name="more">More arguments.</param>
    public static async Task<PostgresServer> StartAsync(int connections = 300, string more = "")
    {
        if (Find() is null)
        {
            await DebianPackages.InstallAsync("postgresql");
        }

        string binaries = Find() ?? throw new InvalidOperationException("The tests of the PostgreSQL store need PostgreSQL, which could "
            + "not be installed: install it (Debian: apt-get install postgresql), or set LORALAB_TEST_POSTGRES to a connection string.");
        string folder = Path.Combine(Path.GetTempPath(), $"loralab-pg-{Guid.NewGuid():N}");
        // The shell's stdin ends with this process, and then it ends the server, also one that was restarted, and removes its folder; in a
        // session of its own, because what ends this process may end its group.
        string script = $$"""
            set -e
            trap 'rm -rf {{folder}} {{folder}}.log' EXIT
            {{_asItsUser}} mkdir -m 700 {{folder}}
            {{_asItsUser}} {{binaries}}/initdb -D {{folder}}/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
            {{_asItsUser}} {{binaries}}/postgres -D {{folder}}/data -k {{folder}} -c listen_addresses= -c max_connections={{connections}} \
              -c fsync=off {{more}} > {{folder}}.log 2>&1 < /dev/null &
            server=$!
            until [ -S {{folder}}/.s.PGSQL.5432 ]; do kill -0 $server; sleep 0.1; done
            echo ready
            read -r end || true
            {{_asItsUser}} {{binaries}}/pg_ctl -D {{folder}}/data stop -m fast > /dev/null 2>&1 || true
            """;
        Process shell = Process.Start(new ProcessStartInfo("setsid", ["bash", "-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        if (await shell.StandardOutput.ReadLineAsync() != "ready")
        {
            throw new InvalidOperationException($"PostgreSQL did not start; see {folder}.log.");
        }

        return new PostgresServer($"Host={folder};Username=postgres;Database=postgres", folder, shell);
    }

    /// <summary>Restarts a server that nobody else uses.</summary>
    /// <param name="mode"><c>fast</c>: it ends its connections and writes everything; <c>immediate</c>: as if it crashed.</param>
    public async Task RestartAsync(string mode)
    {
        string command = $"{_asItsUser} {Find()}/pg_ctl -D {_folder}/data restart -m {mode} -w -l {_folder}/restarted.log > /dev/null 2>&1";
        using Process restart = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = Path.GetTempPath() })!;
        await restart.WaitForExitAsync();
        if (restart.ExitCode != 0)
        {
            throw new InvalidOperationException($"PostgreSQL did not restart: {File.ReadAllText(_folder + "/restarted.log")}");
        }
    }

    /// <summary>Lets a user in with a password only.</summary>
    public async Task RequirePasswordAsync(string user, string password)
    {
        string file = $"{_folder}/data/pg_hba.conf";
        await File.WriteAllTextAsync(file, $"local all {user} scram-sha-256\n{await File.ReadAllTextAsync(file)}");
        await ExecuteAsync(_connection, $"create role {user} login password '{password}'; select pg_reload_conf()");
    }

    /// <summary>Ends a server that nobody else uses.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_shell is not null)
        {
            _shell.StandardInput.Close();
            await _shell.WaitForExitAsync();
            _shell.Dispose();
        }
    }

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

    private static async Task<PostgresServer> SharedOrGivenAsync() =>
        Environment.GetEnvironmentVariable("LORALAB_TEST_POSTGRES") is { Length: > 0 } given
            ? new PostgresServer(given)
            : await StartAsync();

    private static string? Find() => Directory.Exists(Binaries)
        ? Directory.EnumerateDirectories(Binaries).Select(version => Path.Combine(version, "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "postgres"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;
}
