using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A study's plan as JSON for people and files.</summary>
internal static class PlanJson
{
    private static readonly HashSet<string> s_members = [.. Serialize(new StudyPlan()).Select(member => member.Key)];

    /// <summary>Without members that say nothing.</summary>
    internal static JsonObject Of(StudyPlan plan)
    {
        JsonObject json = Serialize(plan);
        Trim(json);
        foreach (JsonObject method in (json["methods"] as JsonArray ?? []).OfType<JsonObject>())
        {
            Trim(method);
        }

        return json;
    }

    /// <summary>Reads a file; a sentence where it is no plan.</summary>
    internal static (JsonObject? Plan, string? Problem) Read(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject json)
            {
                return (null, "it is JSON, but not an object with the members of a plan.");
            }

            if (json.Select(member => member.Key).FirstOrDefault(name => !s_members.Contains(name)) is string unknown)
            {
                return (null, $"a plan has no member '{Short(unknown)}'; it has {string.Join(", ", s_members)}.");
            }

            json.Deserialize<StudyPlan>(ContractJson.Options);
            return (json, null);
        }
        catch (JsonException broken)
        {
            return (null, $"it cannot be read as a plan{(broken.Path is { Length: > 1 } path ? $" at {path[1..].TrimStart('.')}" : broken.LineNumber is long line ? $" at line {line + 1}" : "")}.");
        }
        catch (ArgumentException)
        {
            // The same member twice.
            return (null, "it has the same member twice.");
        }
    }

    /// <summary>A name that every file system takes.</summary>
    internal static string FileName(string name)
    {
        string plain = new([.. name.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')]);
        string joined = string.Join('-', plain.Split('-', StringSplitOptions.RemoveEmptyEntries));
        return $"{(joined.Length == 0 ? "study" : joined.Length > 60 ? joined[..60] : joined)}.json";
    }

    private static JsonObject Serialize(StudyPlan plan) => (JsonObject)JsonSerializer.SerializeToNode(plan, ContractJson.Options)!;

    private static void Trim(JsonObject json)
    {
        foreach (string absent in json.Where(member => member.Value is null).Select(member => member.Key).ToList())
        {
            json.Remove(absent);
        }
    }

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
