using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using LoraLab.Benchmarks.Protocol;
using TorchSharp;

namespace LoraLab.Benchmarks.Reporting;

/// <summary>What has to be known beside the figures.</summary>
internal sealed record Conditions
{
    /// <summary>Name of the processor.</summary>
    public required string Processor { get; init; }

    /// <summary>Cores that the system shows.</summary>
    public required int Cores { get; init; }

    /// <summary>Device.</summary>
    public required string Device { get; init; }

    /// <summary>Threads of the tensor library.</summary>
    public required int Threads { get; init; }

    /// <summary>Repeats of each comparison.</summary>
    public required int Repeats { get; init; }

    /// <summary>Clock of the ratios.</summary>
    public required Clock Clock { get; init; }

    /// <summary>The weights of models that are not real ones.</summary>
    public string Weights { get; init; } = "random N(0, 0.02) of the exact shape; sample and stories260K are real";

    /// <summary>Commit that was built, where the build knew it.</summary>
    public required string? Commit { get; init; }

    /// <summary>Versions.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>Load averages of 1, 5 and 15 minutes before.</summary>
    public required string? LoadBefore { get; init; }

    /// <summary>The same afterwards.</summary>
    public string? LoadAfter { get; init; }

    /// <summary>When it began, UTC.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>Of here and now.</summary>
    public static Conditions Now(Bench bench) => new()
    {
        Processor = Line("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Cores = Environment.ProcessorCount,
        Device = bench.Device.ToString(),
        Threads = bench.Threads,
        Repeats = bench.Repeats,
        Clock = bench.Clock,
        Commit = typeof(Conditions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+').ElementAtOrDefault(1),
        Versions = new Dictionary<string, string>
        {
            ["LoraLab"] = LoraLab.Training.Torch.Versions.LoraLab,
            [".NET"] = Environment.Version.ToString(),
            ["TorchSharp"] = LoraLab.Training.Torch.Versions.TorchSharp,
            ["libtorch"] = torch.__version__,
            ["system"] = RuntimeInformation.OSDescription,
        },
        LoadBefore = Load(),
        Began = TimeProvider.System.GetUtcNow(),
    };

    /// <summary>With the load at the end.</summary>
    public Conditions Ended() => this with { LoadAfter = Load() };

    /// <summary>In one paragraph.</summary>
    public string Sentence() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Began:yyyy-MM-dd HH:mm} UTC; {Processor}, {Cores} cores shown, {Threads} thread(s), {Device}; {string.Join(", ", Versions.Select(version => $"{version.Key} {version.Value}"))}; commit {Commit?[..Math.Min(10, Commit.Length)] ?? "unknown"}; {Repeats} repeats; clock: {Clock}; weights: {Weights}; load average before {LoadBefore}, after {LoadAfter}.");

    private static string? Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : null;

    private static string? Line(string file, string key) => File.Exists(file)
        ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':')[1].Trim()
        : null;
}
