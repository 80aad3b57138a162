using System.Globalization;

namespace LoraLab.Files;

/// <summary>
/// The limits of this process's Linux control group (version 1 or 2), with those of the groups above it: what a container, a job scheduler
/// or systemd grants, which may be less than the machine has. Null: no limit, or another system.
/// </summary>
public sealed record ControlGroup
{
    private const double NoLimit = 1L << 60;

    /// <summary>CPU quota, in CPUs.</summary>
    public double? Cpus { get; private init; }

    /// <summary>Memory limit, bytes.</summary>
    public double? MemoryBytes { get; private init; }

    /// <summary>Memory in use of the group with that limit, without cached files that can be dropped, bytes.</summary>
    public double? MemoryUsedBytes { get; private init; }

    /// <summary>Reads the limits of this process now.</summary>
    /// <param name="root">Folder that contains <c>proc</c>, and the mount points it names; tests have their own.</param>
    public static ControlGroup Read(string root = "/")
    {
        ControlGroup group = new();
        if (!OperatingSystem.IsLinux())
        {
            return group;
        }

        try
        {
            string[] mounts = File.ReadAllLines(Path.Combine(root, "proc/self/mountinfo"));
            foreach (string[] entry in File.ReadAllLines(Path.Combine(root, "proc/self/cgroup")).Select(line => line.Split(':', 3)))
            {
                if (entry.Length == 3 && FindMount(mounts, entry[1]) is ({ } folder, { } mountRoot))
                {
                    group = group.With(root, folder, PathWithin(mountRoot, entry[2]), isVersion2: entry[1].Length == 0);
                }
            }
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            // No control groups, or none that may be read.
        }

        return group;
    }

    /// <summary>Returns the number of threads that can compute at a time: at most the cores and, rounded up, the quota.</summary>
    public int Threads(int cores) => Cpus is double quota ? Math.Clamp((int)Math.Ceiling(quota), 1, cores) : cores;

    private ControlGroup With(string root, string mount, string path, bool isVersion2)
    {
        ControlGroup group = this;
        string top = Path.Combine(root, mount.TrimStart('/'));
        string folder = path.Length == 0 ? top : Path.Combine(top, path);
        while (folder.Length >= top.Length)
        {
            if (CpuQuota(folder, isVersion2) is double cpus && !(group.Cpus <= cpus))
            {
                group = group with { Cpus = cpus };
            }

            if (Number(folder, isVersion2 ? "memory.max" : "memory.limit_in_bytes") is double limit and < NoLimit
                && !(group.MemoryBytes <= limit))
            {
                group = group with { MemoryBytes = limit, MemoryUsedBytes = MemoryUsed(folder, isVersion2) };
            }

            folder = Path.GetDirectoryName(folder) ?? "";
        }

        return group;
    }

    private static double? CpuQuota(string folder, bool isVersion2)
    {
        string[] parts = isVersion2
            ? Text(folder, "cpu.max").Split(' ')
            : [Text(folder, "cpu.cfs_quota_us"), Text(folder, "cpu.cfs_period_us")];
        return parts is [string quota, string period] && Parse(quota) is > 0 and double granted && Parse(period) is > 0 and double of
            ? granted / of
            : null;
    }

    private static double? MemoryUsed(string folder, bool isVersion2)
    {
        double? used = Number(folder, isVersion2 ? "memory.current" : "memory.usage_in_bytes");
        string cached = isVersion2 ? "inactive_file " : "total_inactive_file ";
        string? line = Text(folder, "memory.stat").Split('\n').FirstOrDefault(line => line.StartsWith(cached, StringComparison.Ordinal));
        return used is null ? null : Math.Max(0, used.Value - (Parse(line?[cached.Length..] ?? "") ?? 0));
    }

    /// <summary>Mount point, and the group that is mounted there; a container may see only its own.</summary>
    private static (string Folder, string Root)? FindMount(string[] mounts, string controllers)
    {
        foreach (string line in mounts)
        {
            string[] halves = line.Split(" - ", 2);
            string[] left = halves[0].Split(' ');
            string[] right = halves.Length == 2 ? halves[1].Split(' ') : [];
            bool matches = right.Length >= 3 && left.Length >= 5
                && (controllers.Length == 0
                    ? right[0] == "cgroup2"
                    : right[0] == "cgroup" && controllers.Split(',').All(right[^1].Split(',').Contains));
            if (matches)
            {
                return (left[4], left[3]);
            }
        }

        return null;
    }

    /// <summary>The path below the mount point; the mount point itself where the group lies outside it.</summary>
    private static string PathWithin(string mountRoot, string group)
    {
        string below = mountRoot == "/" ? group
            : group == mountRoot || group.StartsWith(mountRoot + "/", StringComparison.Ordinal) ? group[mountRoot.Length..]
            : "";
        return below.Contains("..", StringComparison.Ordinal) ? "" : below.Trim('/');
    }

    private static double? Number(string folder, string file) => Parse(Text(folder, file));

    private static double? Parse(string text) =>
        double.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out double number) ? number : null;

    /// <summary>Empty where the group has no such file.</summary>
    private static string Text(string folder, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, file)).Trim();
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
