using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>A sweep in the form, without the specification that its runs share.</summary>
public sealed class SweepForm
{
    internal List<SpaceRow> Rows { get; } = [];

    internal List<string> Constraints { get; } = [];

    /// <summary>Scalar members by JSON name, prefixed with <c>pruner.</c> for those of the pruner; text as typed.</summary>
    internal Dictionary<string, string> Values { get; } = [];

    internal string Sampler => Text("sampler") is { Length: > 0 } sampler ? sampler : "grid";

    internal string Pruner => Text("pruner.kind");

    internal string Text(string name) => Values.GetValueOrDefault(name, "");

    internal void Set(string name, string? text) => Values[name] = text ?? "";

    /// <summary>Resets the form to the sweep in the URL, or to three learning rates.</summary>
    internal void Start(string? urlValue)
    {
        Rows.Clear();
        Constraints.Clear();
        Values.Clear();
        if (!string.IsNullOrEmpty(urlValue) && TryRead(urlValue))
        {
            return;
        }

        Rows.Add(SpaceRow.For("learningRate"));
    }

    /// <summary>The input as JSON, for the URL.</summary>
    internal string UrlValue() => ToJson().ToJsonString(ContractJson.Options);

    /// <summary>The plan as submitted.</summary>
    /// <param name="spec">Shared specification from the run form; its <c>evalSplit</c> is dropped, because the sweep sets it.</param>
    internal JsonObject Plan(JsonObject spec)
    {
        JsonObject plan = ToJson();
        JsonObject shared = SpecForm.Copy(spec);
        shared.Remove("evalSplit");
        // A searched field must not also have a fixed value.
        foreach (SpaceRow row in Rows.Where(row => !row.Field.Contains('.', StringComparison.Ordinal)))
        {
            shared.Remove(row.Field);
        }

        plan["spec"] = shared;
        return plan;
    }

    private JsonObject ToJson()
    {
        JsonObject plan = [];
        if (Text("name").Trim() is { Length: > 0 } name)
        {
            plan["name"] = name;
        }

        plan["space"] = new JsonArray([.. Rows.Select(row => (JsonNode)row.ToJson())]);
        if (Constraints.Any(constraint => constraint.Trim().Length > 0))
        {
            plan["constraints"] = new JsonArray(
                [.. Constraints.Where(constraint => constraint.Trim().Length > 0).Select(constraint => (JsonNode)constraint.Trim())]);
        }

        plan["sampler"] = Sampler;
        string[] numbers = Sampler switch { "grid" => [], "random" => ["runs", "seed"], _ => ["runs", "seed", "startupRuns"] };
        foreach (string number in numbers.Where(number => Text(number).Trim().Length > 0))
        {
            plan[number] = SpecForm.Number(Text(number).Trim());
        }

        if (Text("objective").Length > 0)
        {
            plan["objective"] = Text("objective");
        }

        if (Pruner.Length > 0)
        {
            JsonObject pruner = new() { ["kind"] = Pruner };
            foreach (string number in (string[])(Pruner == "median" ? ["warmupSteps", "minimumRuns"] : ["firstRung", "factor"]))
            {
                if (Text("pruner." + number).Trim() is { Length: > 0 } text)
                {
                    pruner[number] = SpecForm.Number(text);
                }
            }

            plan["pruner"] = pruner;
        }

        if (Text("confirm") == "true")
        {
            plan["confirm"] = true;
        }

        return plan;
    }

    private bool TryRead(string urlValue)
    {
        try
        {
            JsonObject plan = JsonNode.Parse(urlValue)!.AsObject();
            Rows.AddRange((plan["space"] as JsonArray ?? []).OfType<JsonObject>().Select(SpaceRow.From));
            Constraints.AddRange((plan["constraints"] as JsonArray ?? []).Select(constraint => constraint?.ToString() ?? ""));
            foreach (string name in (string[])["name", "sampler", "runs", "seed", "startupRuns", "objective", "confirm"])
            {
                Set(name, JsonFormat.Show(plan[name]));
            }

            foreach ((string name, JsonNode? value) in plan["pruner"] as JsonObject ?? [])
            {
                Set("pruner." + name, JsonFormat.Show(value));
            }

            return true;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // The URL was truncated, for example in an e-mail: the form starts from its initial state.
            Rows.Clear();
            return false;
        }
    }
}
