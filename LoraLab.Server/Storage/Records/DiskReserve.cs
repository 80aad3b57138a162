using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// A few MiB on the data directory's disk that are freed when it is full, so that the server can still record what happened:
/// that a run ended, and why. Queued runs are not started while there is little free space.
/// </summary>
internal sealed class DiskReserve(LoraLabPaths paths, IOptions<LoraLabOptions> options, ILogger<DiskReserve> log)
{
    private const long MiB = 1 << 20;

    private readonly Lock _gate = new();
    private volatile bool _refused;

    private string ReserveFile => Path.Combine(paths.DataDirectory, "reserve");

    private long Bytes => options.Value.DiskReserveMb * MiB;

    /// <summary>Whether there is enough free space for another run.</summary>
    public bool HasFreeSpace()
    {
        (string folder, long? free) = Tightest();
        bool room = free is null || free >= options.Value.MinimumFreeMb * MiB;
        if (!room && !_refused)
        {
            log.LogWarning("Less than {Minimum} MiB (LoraLab:MinimumFreeMb) are free on the disk of {Folder}; "
                + "queued runs are not started until there is more", options.Value.MinimumFreeMb, folder);
        }

        _refused |= !room;
        return room;
    }

    /// <summary>True once after <see cref="HasFreeSpace"/> was false and there is enough space again.</summary>
    public bool SpaceRecovered()
    {
        if (!_refused || (Tightest().Free ?? 0) < options.Value.MinimumFreeMb * MiB)
        {
            return false;
        }

        _refused = false;
        return true;
    }

    /// <summary>Refuses to write what would leave less free space than runs need.</summary>
    /// <param name="bytes">Bytes that will be written.</param>
    /// <param name="subject">What will be written, as the beginning of a sentence; null: its size is not known.</param>
    /// <param name="remedy">What to do once there is space, as the end of the sentence.</param>
    /// <param name="folders">Where it will be written.</param>
    /// <exception cref="ApiFailure">There is too little space.</exception>
    public void Require(long bytes, string? subject, string remedy, params string[] folders)
    {
        (string folder, long? free) = DiskSpace.Tightest(folders);
        if (free - bytes < options.Value.MinimumFreeMb * MiB)
        {
            throw ApiFailure.Refused(
                StatusCodes.Status507InsufficientStorage,
                "diskFull",
                $"{(subject is null ? "The" : $"{subject} takes about {NumberFormat.Bytes(bytes)}, but the")} disk of {folder} has "
                    + $"{NumberFormat.Bytes(free ?? 0)} free, of which {NumberFormat.Count(options.Value.MinimumFreeMb)} MiB "
                    + $"(LoraLab:MinimumFreeMb) are kept free; free some space there and {remedy}.");
        }
    }

    /// <summary>Allocates the reserve if it is missing and twice its size is free.</summary>
    public void Allocate()
    {
        lock (_gate)
        {
            FileInfo file = new(ReserveFile);
            if (Bytes == 0 || (file.Exists && file.Length == Bytes) || DiskSpace.Tightest(paths.DataDirectory).Free < 2 * Bytes)
            {
                return;
            }

            try
            {
                // Written zeros: a sparse file would reserve nothing.
                using FileStream stream = new(ReserveFile, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
                byte[] zeros = new byte[1 << 16];
                for (long left = Bytes; left > 0; left -= zeros.Length)
                {
                    stream.Write(zeros, 0, (int)Math.Min(left, zeros.Length));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                File.Delete(ReserveFile);
            }
        }
    }

    /// <summary>Frees the reserve; false: there was none.</summary>
    public bool Release()
    {
        lock (_gate)
        {
            FileInfo file = new(ReserveFile);
            if (!file.Exists || file.Length == 0)
            {
                return false;
            }

            file.Delete();
            log.LogError("The disk of {Folder} is full. Runs that cannot write end as diskFull, and queued runs are not started; "
                + "free some space, then resume the ended ones", paths.DataDirectory);
            return true;
        }
    }

    /// <summary>The runs may lie on a disk of their own.</summary>
    private (string Folder, long? Free) Tightest() => DiskSpace.Tightest(paths.DataDirectory, paths.RunsDirectory);
}
