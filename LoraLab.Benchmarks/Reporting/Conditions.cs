using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using LoraLab.Benchmarks.Protocol;

namespace LoraLab.Benchmarks.Reporting;

/// <summary>Conditions of the measurements.</summary>
internal sealed record Conditions
{
    /// <summary>Name of the processor.</summary>
    public required string Processor { get; init; }

    /// <summary>Visible cores.</summary>
    public required int Cores { get; init; }

    /// <summary>Device.</summary>
    public required string Device { get; init; }

    /// <summary>Threads of the tensor library.</summary>
    public required int Threads { get; init; }

    /// <summary>Repeats of each comparison.</summary>
    public required int Repeats { get; init; }

    /// <summary>Clock of the ratios.</summary>
    public required Clock Clock { get; init; }

    /// <summary>Description of the weights.</summary>
    public string Weights { get; init; } = "random N(0, 0.02) of the exact shape; sample and stories260K are real";

    /// <summary>Commit of the build; null: unknown.</summary>
    public required string? Commit { get; init; }

    /// <summary>Versions.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>Load averages over 1, 5 and 15 minutes before the measurements.</summary>
    public required string? LoadBefore { get; init; }

    /// <summary>The same after the measurements.</summary>
    public string? LoadAfter { get; init; }

    /// <summary>Start of the measurements, UTC.</summary>
    [JsonPropertyName("began")]
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The current conditions.</summary>
    public static Conditions Current(Bench bench) => new()
    {
        Processor = Line("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Cores = Environment.ProcessorCount,
        Device = bench.Device.ToString(),
        Threads = bench.Threads,
        Repeats = bench.Repeats,
        Clock = bench.Clock,
        Commit = typeof(Conditions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')
            .ElementAtOrDefault(1),
        Versions = new Dictionary<string, string>
        {
            ["LoraLab"] = LoraLab.Training.Torch.Versions.LoraLab,
            [".NET"] = Environment.Version.ToString(),
            ["TorchSharp"] = LoraLab.Training.Torch.Versions.TorchSharp,
            ["libtorch"] = LoraLab.Training.Torch.Versions.Libtorch,
            ["system"] = RuntimeInformation.OSDescription,
        },
        LoadBefore = Load(),
        StartedAt = TimeProvider.System.GetUtcNow(),
    };

    /// <summary>The conditions with the load after the measurements.</summary>
    public Conditions WithLoadAfter() => this with { LoadAfter = Load() };

    /// <summary>The conditions in one paragraph.</summary>
    public string ToText() => string.Create(
        CultureInfo.InvariantCulture,
        $"{StartedAt:yyyy-MM-dd HH:mm} UTC; {Processor}, {Cores} visible cores, {(Threads == 1 ? "1 thread" : $"{Threads} threads")}, "
            + $"{Device}; {string.Join(", ", Versions.Select(version => $"{version.Key} {version.Value}"))}; "
            + $"commit {Commit?[..Math.Min(10, Commit.Length)] ?? "unknown"}; {Repeats} repeats; clock: {Clock}; weights: {Weights}; "
            + $"load average before: {LoadBefore}, after: {LoadAfter}.");

    private static string? Load() =>
        File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : null;

    private static string? Line(string file, string key) => File.Exists(file)
        ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':')[1].Trim()
        : null;
}
