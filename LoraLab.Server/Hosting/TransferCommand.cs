using System.Globalization;
using System.Text.Json;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Storage.Transfer;
using Npgsql;

namespace LoraLab.Server.Hosting;

/// <summary>
/// <c>export</c>, <c>backup</c> and <c>import</c>: the configured store to a file and back, whichever it is, with what was read and
/// written compared by count and hash.
/// </summary>
internal static class TransferCommand
{
    public const string Arguments = "export|backup --out FILE, or import --from FILE";

    private const string Export = "export";
    private const string Backup = "backup";
    private const string Import = "import";
    private const string Standard = "-";

    /// <summary>Whether the arguments are one of the commands.</summary>
    public static bool IsRequested(IReadOnlyList<string> arguments) => arguments is [Export or Backup or Import, ..];

    /// <summary>The arguments without those of the command: configuration.</summary>
    public static string[] Configuration(IReadOnlyList<string> arguments) => [.. arguments.Skip(3)];

    /// <summary>Runs a command on the store of these services, of a server that is not started.</summary>
    /// <exception cref="StartFailure">It is refused, or failed; nothing was written.</exception>
    public static int Run(IReadOnlyList<string> arguments, IServiceProvider services)
    {
        if (arguments.Count < 3 || arguments[1] != (arguments[0] == Import ? "--from" : "--out"))
        {
            Console.Error.WriteLine($"usage: {Arguments} [--LoraLab:NAME=VALUE ...]; FILE is - for the standard streams");
            return 2;
        }

        string name = arguments[2];
        try
        {
            if (arguments[0] == Import)
            {
                Fill(name, services);
            }
            else
            {
                Save(name, services, onlyIdle: arguments[0] == Export);
            }

            return 0;
        }
        catch (NpgsqlException failed)
        {
            throw new StartFailure($"The PostgreSQL database refused or broke off ({failed.Message.Split('\n')[0].TrimEnd('.')}); "
                + "nothing was changed in it.");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"Cannot read or write ({failed.Message.TrimEnd('.')}); the command had no effect.");
        }
    }

    private static void Save(string name, IServiceProvider services, bool onlyIdle)
    {
        if (name != Standard && File.Exists(name))
        {
            throw new StartFailure($"{name} exists already; choose another name.");
        }

        DateTimeOffset now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        // Its tables are not updated: that is left to a start of the server.
        using NpgsqlDataSource? database = PostgresText(services) is { } text ? PostgresConnection.Open(text, update: false) : null;
        if (onlyIdle && database is not null)
        {
            NodesInUse.RequireNone(database);
        }

        using ITransferSource source = database is null ? OpenLiteDb(services) : new PostgresSource(database);
        IReadOnlyDictionary<TransferKind, TransferTotal>? totals = null;
        if (name == Standard)
        {
            using Stream output = Console.OpenStandardOutput();
            totals = TransferFile.Write(output, source, now);
        }
        else
        {
            DurableFile.Write(Path.GetFullPath(name), stream => totals = TransferFile.Write(stream, source, now));
        }

        Print(name == Standard ? Console.Error : Console.Out, $"{source.Place} is in {name}:", totals!);
    }

    private static void Fill(string name, IServiceProvider services)
    {
        using Stream input = name == Standard ? Console.OpenStandardInput() : File.OpenRead(name);
        using NpgsqlDataSource? database = PostgresText(services) is { } text ? PostgresConnection.Open(text) : null;
        if (database is not null)
        {
            NodesInUse.RequireNone(database);
        }

        using ITransferTarget target = database is null
            ? FillLiteDb(services)
            : new PostgresTarget(database, SharedFolder.IdIn(services.GetRequiredService<LoraLabPaths>().DataDirectory));
        IReadOnlyDictionary<TransferKind, TransferTotal> read = TransferFile.Read(input, name, target.Write);
        IReadOnlyDictionary<TransferKind, TransferTotal> written = TransferTotals.Of(target.Read());
        foreach ((TransferKind kind, TransferTotal total) in read)
        {
            if (written[kind] != total)
            {
                throw new StartFailure($"What {target.Place} gives back differs from {name}: of kind {kind} it has {written[kind]} "
                    + $"instead of {total}. Nothing was imported; please report this.");
            }
        }

        target.Commit();
        Print(Console.Out, $"{name} is in {target.Place}, and was read back from there with the same counts and hashes:", written);
    }

    private static string? PostgresText(IServiceProvider services) =>
        services.GetRequiredService<IConfiguration>().GetConnectionString(PostgresConnection.Name) is { } text
            && !string.IsNullOrWhiteSpace(text) ? text : null;

    private static LiteDbSource OpenLiteDb(IServiceProvider services)
    {
        LoraLabPaths paths = services.GetRequiredService<LoraLabPaths>();
        if (Directory.Exists(paths.DataDirectory))
        {
            services.GetRequiredService<DataDirectoryLock>();
        }

        return LiteDbSource.Open(paths.Database, services.GetRequiredService<IKeyStore>());
    }

    private static LiteDbTarget FillLiteDb(IServiceProvider services)
    {
        services.GetRequiredService<DataDirectoryLock>();
        return LiteDbTarget.Open(
            services.GetRequiredService<LoraLabPaths>().Database,
            services.GetRequiredService<IKeyStore>(),
            services.GetRequiredService<StoreStateFile>());
    }

    private static void Print(TextWriter output, string title, IReadOnlyDictionary<TransferKind, TransferTotal> totals)
    {
        output.WriteLine(title);
        output.WriteLine($"{"kind",-11}{"count",9}  sha256");
        foreach ((TransferKind kind, TransferTotal total) in totals)
        {
            string word = JsonNamingPolicy.CamelCase.ConvertName($"{kind}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{word,-11}{total.Count,9}  {total.Sha256}"));
        }
    }
}
