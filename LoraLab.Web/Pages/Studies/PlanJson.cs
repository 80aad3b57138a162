using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A study plan as compact JSON, for display and for files.</summary>
internal static class PlanJson
{
    private static readonly HashSet<string> _members = [.. Serialize(new StudyPlan()).Select(member => member.Key)];

    /// <summary>The plan as JSON without null members.</summary>
    internal static JsonObject From(StudyPlan plan)
    {
        JsonObject json = Serialize(plan);
        RemoveNulls(json);
        foreach (JsonObject method in (json["methods"] as JsonArray ?? []).OfType<JsonObject>())
        {
            RemoveNulls(method);
        }

        return json;
    }

    /// <summary>Parses a plan file. Returns the plan, or the reason why it is not one, as the end of a sentence.</summary>
    internal static (JsonObject? Plan, string? Problem) Read(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject json)
            {
                return (null, "it is JSON, but not a plan object.");
            }

            if (json.Select(member => member.Key).FirstOrDefault(name => !_members.Contains(name)) is string unknown)
            {
                return (null, $"a plan has no member '{Truncate(unknown)}'. The members are {string.Join(", ", _members)}.");
            }

            json.Deserialize<StudyPlan>(ContractJson.Options);
            return (json, null);
        }
        catch (JsonException broken)
        {
            string place = broken.Path is { Length: > 1 } path ? $" ({path[1..].TrimStart('.')})"
                : broken.LineNumber is long line ? $" (line {line + 1})"
                : "";
            return (null, $"it is not a valid plan{place}.");
        }
        catch (ArgumentException)
        {
            // Duplicate member.
            return (null, "a member appears twice.");
        }
    }

    /// <summary>A file name that is valid on every file system.</summary>
    internal static string FileName(string name) => FileNames.Part(name) + "-study.json";

    private static JsonObject Serialize(StudyPlan plan) => (JsonObject)JsonSerializer.SerializeToNode(plan, ContractJson.Options)!;

    private static void RemoveNulls(JsonObject json)
    {
        foreach (string name in json.Where(member => member.Value is null).Select(member => member.Key).ToList())
        {
            json.Remove(name);
        }
    }

    private static string Truncate(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
