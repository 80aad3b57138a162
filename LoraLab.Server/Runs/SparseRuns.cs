using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Runs;

/// <summary>
/// The query parameter <c>fields=name,spec.rank,summary.eval/accuracy</c>: members of run documents, whole or parts of them. Documents have
/// their id besides.
/// </summary>
internal sealed class SparseRuns
{
    private const int MaximumFields = 200;

    private static readonly IReadOnlySet<string> _members = MembersOf(typeof(RunDocument));
    private static readonly IReadOnlyDictionary<string, IReadOnlySet<string>> _parts = new Dictionary<string, IReadOnlySet<string>>
    {
        ["spec"] = SpecFieldCatalog.Default.Names.ToHashSet(),
        ["progress"] = MembersOf(typeof(RunProgress)),
        ["summary"] = MetricCatalog.Default.Summarized.Select(metric => metric.Key).Concat(MembersOf(typeof(RunSummary))).ToHashSet(),
    };

    private readonly IReadOnlyList<string[]> _paths;

    private SparseRuns(IReadOnlyList<string[]> paths) => _paths = paths;

    /// <summary>Reads the parameter; null: it is absent, and documents are whole.</summary>
    /// <exception cref="ApiFailure">Run documents have no such member.</exception>
    public static SparseRuns? Parse(string? fields)
    {
        if (string.IsNullOrWhiteSpace(fields))
        {
            return null;
        }

        string[] names = fields.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names.Length > MaximumFields)
        {
            throw ApiFailure.Invalid("fields", $"fields lists {names.Length} members; at most {MaximumFields} are allowed.");
        }

        return new SparseRuns([(string[])["id"], .. names.Select(name => Checked(name.Split('.', 3), name))]);
    }

    /// <summary>A page with these members only.</summary>
    public JsonObject Of(RunList list) => new()
    {
        ["items"] = new JsonArray([.. list.Items.Select(Of)]),
        ["nextCursor"] = list.NextCursor,
        ["total"] = list.Total,
    };

    private JsonObject Of(RunDocument run)
    {
        JsonObject whole = JsonSerializer.SerializeToNode(run, ApiJson.Options)!.AsObject();
        JsonObject sparse = [];
        foreach (string[] path in _paths)
        {
            Copy(whole, sparse, path);
        }

        return sparse;
    }

    /// <summary>Copies the member at a path; a part of a member that is null or absent is left out.</summary>
    private static void Copy(JsonObject from, JsonObject to, ReadOnlySpan<string> path)
    {
        string name = path[0];
        if (!from.TryGetPropertyValue(name, out JsonNode? value))
        {
            return;
        }

        if (path.Length == 1 || value is null)
        {
            to[name] = value?.DeepClone();
        }
        else if (value is JsonObject inner)
        {
            JsonObject part = to[name] as JsonObject ?? [];
            to[name] = to[name] is null ? part : to[name];
            Copy(inner, part, path[1..]);
        }
    }

    private static string[] Checked(string[] path, string name)
    {
        if (!_members.Contains(path[0]))
        {
            throw Unknown(name, _members);
        }

        if (path.Length == 1)
        {
            return path;
        }

        IReadOnlySet<string> parts = _parts.GetValueOrDefault(path[0]) ?? throw ApiFailure.Invalid(
            "fields", $"Parts of {path[0]} cannot be chosen; use {path[0]}, or parts of {string.Join(", ", _parts.Keys)}.");
        return !parts.Contains(path[1]) ? throw Unknown(name, parts.Select(part => $"{path[0]}.{part}")) : path;
    }

    private static ApiFailure Unknown(string name, IEnumerable<string> known) => ApiFailure.Invalid(
        "fields", $"Run documents have no member '{ApiFailure.Shorten(name)}'; known are {string.Join(", ", known)}.");

    private static HashSet<string> MembersOf(Type type) =>
        [.. ContractJson.Options.GetTypeInfo(type).Properties.Where(member => !member.IsExtensionData).Select(member => member.Name)];
}
