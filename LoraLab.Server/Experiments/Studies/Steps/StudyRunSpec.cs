using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>
/// The specification of a study's run: the shared protocol, overridden by the method's fields, the cell, and what the study sets.
/// </summary>
internal static class StudyRunSpec
{
    public static JsonObject Of(StudyPlan plan, RequiredRun run)
    {
        JsonObject spec = [];
        StudyMethod method = plan.Methods!.Single(method => method.Key == run.Method);
        Add(spec, plan.Spec);
        Add(spec, method.Spec);
        Add(spec, run.Settings);
        spec["model"] = plan.Model;
        spec["dataset"] = plan.Dataset;
        spec["method"] = method.Method;
        // Both seeds are k for every method: runs pair by k, and methods with a deterministic initialization still differ in their data
        // order.
        spec["seed"] = run.Seed;
        spec["orderSeed"] = run.Seed;
        spec["evalSplit"] = run.Stage == StudyStage.Selection ? "selection" : "dev";
        spec["name"] = Cut(string.Create(CultureInfo.InvariantCulture, $"{plan.Name}: {run.Label}"), TextLimits.Name);
        spec["tags"] = new JsonArray([.. Tags(plan).Distinct().Select(tag => (JsonNode)tag)]);
        return spec;
    }

    private static IEnumerable<string> Tags(StudyPlan plan)
    {
        yield return Cut(plan.Name!.Replace(',', ' '), TextLimits.Tag);
        foreach (JsonNode? tag in plan.Spec?["tags"] as JsonArray ?? [])
        {
            yield return tag?.ToString() ?? "";
        }
    }

    private static void Add(JsonObject spec, JsonObject? fields)
    {
        foreach ((string field, JsonNode? value) in fields ?? [])
        {
            spec[field] = value?.DeepClone();
        }
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
