using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>Finds the fields in which specifications differ, by dotted name; 16 equals 16.0, a missing option is null.</summary>
internal static class SpecDifferences
{
    public static IReadOnlyList<SpecDifference> Find(IReadOnlyList<RunDocument> runs)
    {
        List<(string Id, Dictionary<string, JsonNode?> Fields)> flat = [.. runs.Select(run => (run.Id, Flatten(run.Spec)))];
        List<SpecDifference> differences = [];
        foreach (string field in flat.SelectMany(run => run.Fields.Keys).Distinct())
        {
            Dictionary<string, JsonNode?> values = flat.ToDictionary(run => run.Id, run => run.Fields.GetValueOrDefault(field));
            if (values.Values.Select(Canonical).Distinct().Count() > 1)
            {
                differences.Add(new SpecDifference(field, values));
            }
        }

        return differences;
    }

    /// <summary>The fields by dotted name, without those that only describe the run.</summary>
    public static Dictionary<string, JsonNode?> Flatten(RunSpec spec)
    {
        Dictionary<string, JsonNode?> fields = [];
        JsonObject values = SpecFieldCatalog.ToJson(spec);
        foreach (SpecFieldDescriptor field in SpecFieldCatalog.Of(spec).Fields.Where(field => !field.Has(SpecRoles.Description)))
        {
            if (field.Kind == SpecFieldKind.Options)
            {
                Add(fields, field.Name, values[field.Name]);
            }
            else
            {
                fields[field.Name] = values[field.Name]?.DeepClone();
            }
        }

        return fields;
    }

    private static void Add(Dictionary<string, JsonNode?> fields, string name, JsonNode? value)
    {
        if (value is JsonObject members)
        {
            foreach ((string member, JsonNode? inner) in members)
            {
                Add(fields, $"{name}.{member}", inner);
            }
        }
        else
        {
            fields[name] = value?.DeepClone();
        }
    }

    private static string Canonical(KeyValuePair<string, JsonNode?> member) =>
        $"{JsonValue.Create(member.Key).ToJsonString()}:{Canonical(member.Value)}";

    /// <summary>A text that is equal for equal values.</summary>
    public static string Canonical(JsonNode? value) => value switch
    {
        null => "null",
        JsonArray array => $"[{string.Join(",", array.Select(Canonical))}]",
        JsonObject members => $"{{{string.Join(",", members.Select(Canonical))}}}",
        _ when value.GetValueKind() == JsonValueKind.Number && value.AsValue().TryGetValue(out double number) =>
            number.ToString("R", CultureInfo.InvariantCulture),
        _ when value.GetValueKind() == JsonValueKind.Number =>
            double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture),
        _ => value.ToJsonString(),
    };
}
