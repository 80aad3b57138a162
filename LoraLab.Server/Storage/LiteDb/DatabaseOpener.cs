using System.Globalization;
using System.Text.RegularExpressions;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// Opens the database at startup: checks all of it, moves a damaged one aside and creates an empty one, and migrates one of an earlier
/// version to the current schema after a backup.
/// </summary>
internal sealed partial class DatabaseOpener(TimeProvider time, ILogger log)
{
    private const int BackupsKept = 3;

    public DatabaseFile Open(string path)
    {
        try
        {
            bool isNew = !File.Exists(path) || new FileInfo(path).Length == 0;
            if (isNew && new FileInfo(DatabaseFile.LogOf(path)) is { Exists: true, Length: > 0 })
            {
                SetAside(path, "the data file is missing, only its log exists");
            }

            DatabaseFile file = isNew ? DatabaseFile.Open(path) : OpenChecked(path) ?? DatabaseFile.Open(path);
            if (file.Engine.GetCollection(Tables.Meta).FindById("schema") is null)
            {
                SchemaMigrations.Run(file.Engine, SchemaMigrations.Current);
            }

            return file;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The database {path} cannot be opened ({error.Message.TrimEnd('.')}); "
                + "make it writable and free some disk space, or set LoraLab:DataDirectory to another folder.");
        }
    }

    /// <summary>The checked database, migrated if it is old; null: it was damaged and has been moved aside.</summary>
    private DatabaseFile? OpenChecked(string path)
    {
        DatabaseFile? file = null;
        try
        {
            file = DatabaseFile.Open(path);
            int version = SchemaMigrations.VersionOf(file.Engine);
            if (version > SchemaMigrations.Current)
            {
                throw new StartFailure($"The database {path} was written by a newer LoraLab (schema {version}; "
                    + $"this version supports up to {SchemaMigrations.Current}); update LoraLab, "
                        + "or set LoraLab:DataDirectory to another folder.");
            }

            if (version < SchemaMigrations.Current)
            {
                file = Migrate(file, path, version);
            }

            DatabaseCheck.Run(file.Engine);
            return file;
        }
        catch (Exception error) when (IsDamage(error))
        {
            file?.Dispose();
            SetAside(path, error.Message);
            return null;
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// LiteDB throws exceptions of many types on damaged pages, from its own to index out of range. Not damage: failures of the disk or
    /// the system, and lack of memory.
    /// </summary>
    private static bool IsDamage(Exception error) => error switch
    {
        StartFailure or OutOfMemoryException or UnauthorizedAccessException => false,
        EndOfStreamException => true,
        IOException => false,
        _ => true,
    };

    private DatabaseFile Migrate(DatabaseFile file, string path, int version)
    {
        // Closed first: the contents of its log belong into the copy.
        file.Engine.Checkpoint();
        file.Dispose();
        string backup = NameFor($"{path}.schema-{version}", ".backup");
        DurableFile.Copy(path, backup);
        foreach (string old in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, $"{Path.GetFileName(path)}.schema-*.backup")
            .Where(file => OwnBackup().IsMatch(file)).OrderByDescending(File.GetLastWriteTimeUtc).Skip(BackupsKept))
        {
            File.Delete(old);
        }

        file = DatabaseFile.Open(path);
        try
        {
            SchemaMigrations.Run(file.Engine, version);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        log.LogInformation(
            "Migrated the database from schema {From} to {To}; {Backup} is a backup of the old one",
            version,
            SchemaMigrations.Current,
            backup);
        return file;
    }

    private void SetAside(string path, string reason)
    {
        string aside = NameFor($"{path}.damaged", "");
        if (File.Exists(path))
        {
            File.Move(path, aside);
        }

        string journal = DatabaseFile.LogOf(path);
        if (File.Exists(journal))
        {
            File.Move(journal, aside + "-log");
        }

        log.LogError(
            "The database {Path} is damaged ({Reason}). It was moved to {Aside}; the runs are rebuilt from their directories",
            path,
            reason,
            aside);
    }

    /// <summary>An unused file name with a timestamp.</summary>
    private string NameFor(string start, string end)
    {
        string moment = time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string name = $"{start}-{moment}{end}";
        for (int i = 2; File.Exists(name); i++)
        {
            name = $"{start}-{moment}-{i}{end}";
        }

        return name;
    }

    /// <summary>A name from <see cref="NameFor"/>: what a user calls a copy of their own is theirs.</summary>
    [GeneratedRegex("[.]schema-[0-9]+-[0-9]{8}T[0-9]{6}Z(-[0-9]+)?[.]backup$")]
    private static partial Regex OwnBackup();
}
