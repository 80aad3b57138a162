using LoraLab.Contracts;
using LoraLab.Server.Infrastructure;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Opens the database that <c>ConnectionStrings:Postgres</c> names, with its tables as this version needs them.</summary>
internal static class PostgresConnection
{
    /// <summary>Name of the connection string.</summary>
    public const string Name = "Postgres";

    private const string DefaultSchema = "loralab";

    /// <summary>Two that a node keeps, and those of requests, runs, leases and jobs at the same time.</summary>
    private const int FewestConnections = 8;

    /// <summary>
    /// A node that is stopped or cut off in the middle of a transaction holds locks that others need to continue its runs, and one that is
    /// cut off its name: the server ends its connections after this, where by default it would wait for hours.
    /// </summary>
    private const string EndOfSilence = "-c idle_in_transaction_session_timeout=20s -c tcp_user_timeout=20s "
        + "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2";

    /// <summary>Whether the store is a PostgreSQL database.</summary>
    public static bool IsConfigured(IConfiguration configuration) => !string.IsNullOrWhiteSpace(configuration.GetConnectionString(Name));

    /// <summary>Opens a pool of connections.</summary>
    /// <param name="text">The connection string.</param>
    /// <param name="update">Whether tables are created or updated; else they must be those of this version.</param>
    /// <exception cref="StartFailure">The database cannot be reached or used.</exception>
    public static NpgsqlDataSource Open(string text, bool update = true)
    {
        NpgsqlConnectionStringBuilder settings = Parse(text);
        settings.SearchPath = string.IsNullOrWhiteSpace(settings.SearchPath) ? DefaultSchema : settings.SearchPath;
        settings.ApplicationName ??= "LoraLab";
        settings.Options = $"{EndOfSilence} {settings.Options}".TrimEnd();
        if (settings.MaxPoolSize < FewestConnections)
        {
            string allowed = NumberFormat.Count(settings.MaxPoolSize, "connection");
            throw new StartFailure($"ConnectionStrings:{Name} allows {allowed} (Maximum Pool Size), and a node needs at least "
                + $"{FewestConnections}; raise it, or leave it out.");
        }

        NpgsqlDataSource source = NpgsqlDataSource.Create(settings);
        try
        {
            if (update)
            {
                PostgresSchema.Update(source, settings.SearchPath.Split(',')[0].Trim().Trim('"'));
            }
            else
            {
                PostgresSchema.Require(source);
            }

            return source;
        }
        catch (Exception error)
        {
            source.Dispose();
            throw error is NpgsqlException refused ? new StartFailure(Explain(settings, refused)) : error;
        }
    }

    private static NpgsqlConnectionStringBuilder Parse(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text);
        }
        catch (ArgumentException wrong)
        {
            throw new StartFailure($"ConnectionStrings:{Name} cannot be read ({wrong.Message.Split('\n')[0].TrimEnd('.')}); "
                + "write it as Host=HOST;Database=NAME;Username=USER;Password=PASSWORD.");
        }
    }

    /// <summary>Without the password.</summary>
    private static string Explain(NpgsqlConnectionStringBuilder settings, NpgsqlException error)
    {
        string where = $"the PostgreSQL database {settings.Database ?? settings.Username} at {settings.Host}:{settings.Port}";
        return error is PostgresException { SqlState: { } state } refused ? state switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                $"User {settings.Username} may not use {where} ({refused.MessageText}); correct ConnectionStrings:{Name}.",
            PostgresErrorCodes.InvalidCatalogName =>
                $"There is no {where[4..]} ({refused.MessageText}); create it, or correct ConnectionStrings:{Name}.",
            PostgresErrorCodes.InsufficientPrivilege => $"User {settings.Username} may not create LoraLab's tables in {where} "
                + $"({refused.MessageText}); grant it CREATE on the database or its schema.",
            PostgresErrorCodes.TooManyConnections =>
                $"The server of {where} has no connection left ({refused.MessageText}); raise max_connections, or stop what uses them.",
            _ => $"Cannot prepare {where} ({state}: {refused.MessageText}).",
        }
        : $"Cannot reach {where} ({(error.InnerException ?? error).Message.TrimEnd('.')}); start it, or correct ConnectionStrings:{Name}.";
    }
}
