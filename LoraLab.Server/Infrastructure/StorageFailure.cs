using LiteDB;
using Npgsql;

namespace LoraLab.Server.Infrastructure;

/// <summary>Distinguishes failed disk writes from bugs in the program.</summary>
internal static class StorageFailure
{
    /// <summary>The write may succeed later: a full, read-only or failing disk, or a database that is away or has no room.</summary>
    public static bool Is(Exception error) =>
        error is IOException or UnauthorizedAccessException or LiteException or NpgsqlException;

    /// <summary>Nothing is wrong with the disk: a database on another machine does not answer.</summary>
    public static bool IsDatabaseAway(Exception error) => error is NpgsqlException or UnknownCommitException;
}
