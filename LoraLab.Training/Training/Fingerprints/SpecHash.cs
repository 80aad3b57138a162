using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Adapters;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>
/// Hash of what a specification computes: its fields and method options that differ from their defaults, without those that only describe
/// the run. A field or option that is added later therefore does not change the hash of specifications that do not use it.
/// </summary>
public static class SpecHash
{
    /// <summary>Hashes a complete specification.</summary>
    public static string Of(RunSpec spec)
    {
        JsonObject values = SpecFieldCatalog.ToJson(spec);
        JsonObject hashed = [];
        foreach (SpecFieldDescriptor field in SpecFieldCatalog.Of(spec).Fields
            .Where(field => !field.Has(SpecRoles.Description)).OrderBy(field => field.Name, StringComparer.Ordinal))
        {
            JsonNode? value = field.Kind == SpecFieldKind.Options ? NonDefaultOptions(spec) : values[field.Name];
            if (!field.IsDefault(value) && !field.IsFormerDefault(value))
            {
                hashed[field.Name] = value?.DeepClone();
            }
        }

        return Of(hashed);
    }

    /// <summary>Whether a stored hash, of this or an earlier version of LoraLab, is that of a specification.</summary>
    public static bool Matches(string stored, RunSpec spec) => stored == Of(spec) || stored == LegacySpecHash.Of(spec);

    internal static string Of(JsonObject values)
    {
        using Sha256Hash hash = new();
        return hash.Add(values.ToJsonString(ContractJson.Options)).Hex();
    }

    private static JsonObject NonDefaultOptions(RunSpec spec)
    {
        JsonObject? defaults = LoraMethods.Find(spec.Method)?.Descriptor.Defaults;
        JsonObject options = [];
        foreach ((string name, JsonNode? value) in spec.MethodOptions.OrderBy(option => option.Key, StringComparer.Ordinal))
        {
            if (!JsonNode.DeepEquals(value, defaults?[name]))
            {
                options[name] = value?.DeepClone();
            }
        }

        return options;
    }
}
