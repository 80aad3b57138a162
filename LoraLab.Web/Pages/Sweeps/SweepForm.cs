using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>A sweep while it is being written, beside the specification that its runs share.</summary>
public sealed class SweepForm
{
    internal List<SpaceRow> Rows { get; } = [];

    internal List<string> Constraints { get; } = [];

    /// <summary>Plain members by their JSON names, with a dot for those of the pruner; texts as they were typed.</summary>
    internal Dictionary<string, string> Values { get; } = [];

    internal string Sampler => Text("sampler") is { Length: > 0 } sampler ? sampler : "grid";

    internal string Pruner => Text("pruner.kind");

    internal string Text(string name) => Values.GetValueOrDefault(name, "");

    internal void Set(string name, string? text) => Values[name] = text ?? "";

    /// <summary>Starts from what stands in the page's address, or from three learning rates.</summary>
    internal void Start(string? address)
    {
        Rows.Clear();
        Constraints.Clear();
        Values.Clear();
        if (!string.IsNullOrEmpty(address) && TryRead(address))
        {
            return;
        }

        Rows.Add(SpaceRow.For("learningRate"));
    }

    /// <summary>What the form says, for the page's address.</summary>
    internal string Address() => Own().ToJsonString(ContractJson.Options);

    /// <summary>The plan as it is sent.</summary>
    /// <param name="spec">The specification of the form beside it; the split is the sweep's own matter.</param>
    internal JsonObject Plan(JsonObject spec)
    {
        JsonObject plan = Own();
        JsonObject shared = SpecForm.Copy(spec);
        shared.Remove("evalSplit");
        // A field that is searched is not also given.
        foreach (SpaceRow row in Rows.Where(row => !row.Field.Contains('.', StringComparison.Ordinal)))
        {
            shared.Remove(row.Field);
        }

        plan["spec"] = shared;
        return plan;
    }

    private JsonObject Own()
    {
        JsonObject plan = [];
        if (Text("name").Trim() is { Length: > 0 } name)
        {
            plan["name"] = name;
        }

        plan["space"] = new JsonArray([.. Rows.Select(row => (JsonNode)row.ToJson())]);
        if (Constraints.Any(constraint => constraint.Trim().Length > 0))
        {
            plan["constraints"] = new JsonArray([.. Constraints.Where(constraint => constraint.Trim().Length > 0).Select(constraint => (JsonNode)constraint.Trim())]);
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

    private bool TryRead(string address)
    {
        try
        {
            JsonObject plan = JsonNode.Parse(address)!.AsObject();
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
            // An address that was cut off in a mail: the form starts anew.
            Rows.Clear();
            return false;
        }
    }
}
