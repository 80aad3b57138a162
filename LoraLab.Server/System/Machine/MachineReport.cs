using System.Runtime.InteropServices;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.System.Machine;

/// <summary>Describes the machine and this server.</summary>
internal sealed class MachineReport(
    IRunStore store,
    Lanes lanes,
    INodes nodes,
    TrainerInspector inspector,
    WorkerLocator locator,
    LoraLabPaths paths,
    IOptions<LoraLabOptions> options,
    TimeProvider time)
{
    private const long LittleDisk = 2L << 30;
    private static readonly TimeSpan _sizeIsFresh = TimeSpan.FromSeconds(30);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private (DateTimeOffset At, long Bytes) _size;

    public async Task<SystemDocument> CreateAsync(CancellationToken cancellationToken)
    {
        List<string> problems = [];
        IReadOnlyList<DeviceEntry> devices = [];
        try
        {
            devices = (await inspector.RequestAsync(new InspectRequest { Kind = "devices" }, cancellationToken)).Devices ?? [];
            problems.AddRange((await inspector.RequestAsync(new InspectRequest { Kind = "roots" }, cancellationToken)).EmptyRoots ?? []);
        }
        catch (ApiFailure failure)
        {
            problems.Add(failure.Message);
        }

        (string tightest, long? free) = DiskSpace.Tightest(paths.DataDirectory, paths.RunsDirectory);
        problems.AddRange(Problems(tightest, free));
        problems.AddRange(nodes.Problems);
        return new SystemDocument
        {
            Version = ServerVersion.Text,
            Node = nodes.AreSeveral ? nodes.Name : null,
            OperatingSystem = RuntimeInformation.OSDescription,
            Runtime = RuntimeInformation.FrameworkDescription,
            Cores = ControlGroup.Read().Threads(Environment.ProcessorCount),
            TotalMemoryMb = HostMemory.Read().Total,
            Devices = devices,
            Lanes = lanes.Names,
            MemoryBudgetMb = options.Value.MemoryBudgetMb,
            DataDirectory = paths.DataDirectory,
            FreeDiskBytes = free ?? -1,
            RunBytes = RunBytes(),
            Runs = store.Counts().Total,
            StartedAt = _startedAt,
            Nodes = nodes.List(),
            Problems = problems,
        };
    }

    private IEnumerable<string> Problems(string tightest, long? free)
    {
        if (locator.Problem is { } problem)
        {
            yield return problem;
        }

        foreach (string folder in paths.ModelDirectories.Concat(paths.DatasetDirectories)
            .Where(folder => !Directory.Exists(folder)).Distinct())
        {
            yield return LeadsNowhere(folder) ? $"The configured folder {folder} is a link that leads nowhere."
                : File.Exists(folder)
                ? $"The configured folder {folder} is a file; set it to the folder that holds it."
                : $"The configured folder {folder} does not exist.";
        }

        if (free is >= 0 and < LittleDisk)
        {
            yield return $"Only {free >> 20} MiB are free on the disk of {tightest}; delete runs or move the data directory.";
        }
    }

    private static bool LeadsNowhere(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: false };
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return new FileInfo(path).LinkTarget is not null; // A cycle of links.
        }
    }

    private long RunBytes()
    {
        DateTimeOffset now = time.GetUtcNow();
        if (now - _size.At > _sizeIsFresh)
        {
            EnumerationOptions all = new()
            {
                RecurseSubdirectories = true,
                IgnoreInaccessible = true,
                AttributesToSkip = FileAttributes.ReparsePoint,
            };
            _size = (now, new DirectoryInfo(paths.RunsDirectory).EnumerateFiles("*", all).Sum(Length));
        }

        return _size.Bytes;
    }

    private static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
