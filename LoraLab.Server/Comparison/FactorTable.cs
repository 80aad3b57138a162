using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>
/// The factors in which runs differ: settings, data actually read and consumed, and environment. Runs differ in a factor only if both
/// have it: a run without a fingerprint differs in no factor of the fingerprint.
/// </summary>
internal sealed class FactorTable
{
    private static readonly (string Field, bool AtEnd, Func<RunFingerprint, JsonNode?> Read)[] _fingerprint =
    [
        ("model.configSha256", false, fingerprint => fingerprint.Model.ConfigSha256),
        ("training.filesSha256", false, fingerprint =>
            JsonSerializer.SerializeToNode(fingerprint.Training.FilesSha256, ContractJson.Options)),
        ("training.subsetSha256", false, fingerprint => fingerprint.Training.SubsetSha256),
        ("training.steps", true, fingerprint => fingerprint.Training.Steps),
        ("training.consumedTokens", true, fingerprint => fingerprint.Training.ConsumedTokens),
        ("training.consumedSha256", true, fingerprint => fingerprint.Training.ConsumedSha256),
        ("adapter.svd", false, fingerprint => JsonSerializer.SerializeToNode(fingerprint.Adapter.Svd, ContractJson.Options)),
    ];

    private readonly IReadOnlyList<ComparedRun> _runs;
    private readonly Dictionary<string, FactorSource> _fields = [];
    private readonly Dictionary<string, Dictionary<string, (JsonNode? Value, string Text)>> _known = [];

    public FactorTable(IReadOnlyList<ComparedRun> runs)
    {
        _runs = runs;
        Dictionary<string, JsonNode?>[] specs = [.. runs.Select(run => Settings(run.Document.Spec))];
        HashSet<string> settings = [.. specs.SelectMany(spec => spec.Keys)];
        HashSet<string> environment = [.. runs.SelectMany(run => EnvironmentOf(run).Keys)];
        foreach ((ComparedRun run, Dictionary<string, JsonNode?> spec) in runs.Zip(specs))
        {
            Dictionary<string, (JsonNode?, string)> known = _known[run.Id] = [];
            Add(known, FactorSource.Specification, settings.Select(field => (field, spec.GetValueOrDefault(field))));
            if (run.Fingerprint is RunFingerprint fingerprint)
            {
                // Consumption is recorded at the end of the run: before that it is unknown.
                Add(known, FactorSource.Fingerprint, _fingerprint.Where(entry => run.Completed || !entry.AtEnd)
                    .Select(entry => (entry.Field, entry.Read(fingerprint))));
            }

            if (run.Environment is not null)
            {
                Dictionary<string, JsonNode?> found = EnvironmentOf(run);
                Add(known, FactorSource.Environment, environment.Select(field => (field, found.GetValueOrDefault(field))));
            }
        }
    }

    /// <summary>The factors in which any of the runs differ.</summary>
    public IReadOnlyList<CompareFactor> All() =>
    [
        .. Differing(_runs).Select(field => new CompareFactor(
            field,
            _fields[field],
            _runs.ToDictionary(run => run.Id, run => _known[run.Id].GetValueOrDefault(field).Value?.DeepClone()))),
    ];

    /// <summary>Names of the factors in which these runs differ.</summary>
    public IReadOnlyList<string> Between(params IReadOnlyList<ComparedRun> runs) => [.. Differing(runs)];

    private IEnumerable<string> Differing(IReadOnlyList<ComparedRun> runs) => _fields.Keys.Where(field =>
        runs.Where(run => _known[run.Id].ContainsKey(field)).Select(run => _known[run.Id][field].Text).Distinct().Skip(1).Any()
        && !(field is "environment.precision" or "environment.microBatch" && IsInSpec(field, runs)));

    /// <summary>
    /// Whether the specifications already differ in the field: the specification of a started run has the precision and micro-batch used.
    /// </summary>
    private bool IsInSpec(string field, IReadOnlyList<ComparedRun> runs) =>
        runs.Select(run => _known[run.Id][field["environment.".Length..]].Text).Distinct().Skip(1).Any();

    private void Add(
        Dictionary<string, (JsonNode?, string)> known, FactorSource source, IEnumerable<(string Field, JsonNode? Value)> values)
    {
        foreach ((string field, JsonNode? value) in values)
        {
            _fields.TryAdd(field, source);
            known[field] = (value, SpecDifferences.Canonical(value));
        }
    }

    /// <summary>The specification without the seed; a seed that also changes the data, such as that of the order, is a factor.</summary>
    private static Dictionary<string, JsonNode?> Settings(RunSpec spec)
    {
        IReadOnlySet<string> seeds = SpecFieldCatalog.Of(spec).Where(field => field.Has(SpecRoles.Seed) && !field.Has(SpecRoles.Data));
        return SpecDifferences.Flatten(spec).Where(field => !seeds.Contains(field.Key)).ToDictionary();
    }

    private static Dictionary<string, JsonNode?> EnvironmentOf(ComparedRun run)
    {
        if (run.Environment is not RunEnvironment found)
        {
            return [];
        }

        Dictionary<string, JsonNode?> fields = new()
        {
            ["environment.device"] = found.Device,
            ["environment.deviceName"] = found.DeviceName,
            ["environment.precision"] = JsonSerializer.SerializeToNode(found.Precision, ContractJson.Options),
            ["environment.microBatch"] = found.MicroBatch,
            ["environment.threads"] = found.Threads,
            ["environment.memorySource"] = found.MemorySource,
        };
        foreach ((string name, string version) in found.Versions ?? new Dictionary<string, string>())
        {
            fields[$"environment.versions.{name}"] = version;
        }

        return fields;
    }
}
