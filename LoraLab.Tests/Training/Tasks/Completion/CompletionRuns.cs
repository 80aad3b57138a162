using System.Text.Json.Nodes;
using LoraLab.Tests.Support;

namespace LoraLab.Tests.Training.Tasks.Completion;

/// <summary>Writes datasets for completion and runs on them.</summary>
internal static class CompletionRuns
{
    /// <summary>Rows with a prompt and a completion.</summary>
    public static IReadOnlyList<string> Prompted { get; } =
    [
        .. Enumerable.Range(0, 40).Select(i => new JsonObject
        {
            ["prompt"] = $"Count from {i} to {i + 2}:",
            ["completion"] = $" {i} {i + 1} {i + 2}",
        }.ToJsonString()),
    ];

    /// <summary>Instructions, half of them with an input.</summary>
    public static IReadOnlyList<string> Instructions { get; } =
    [
        .. Enumerable.Range(0, 40).Select(i => new JsonObject
        {
            ["instruction"] = i % 2 == 0 ? "Add one." : $"Name the number {i}.",
            ["input"] = i % 2 == 0 ? $"{i}" : "",
            ["output"] = $"It is {i + ((i + 1) % 2)}.",
        }.ToJsonString()),
    ];

    /// <summary>Texts.</summary>
    public static IReadOnlyList<string> Texts { get; } =
    [
        .. Enumerable.Range(0, 40)
            .Select(i => new JsonObject { ["text"] = $"Once there were {i} cats, and they were happy." }.ToJsonString()),
    ];

    /// <summary>Conversations of two turns.</summary>
    public static IReadOnlyList<string> Conversations { get; } =
    [
        .. Enumerable.Range(0, 40).Select(i => new JsonObject
        {
            ["messages"] = new JsonArray(
                Message("system", "Be brief."),
                Message("user", $"What follows {i}?"),
                Message("assistant", $"{i + 1}."),
                Message("user", "And then?"),
                Message("assistant", $"{i + 2}.")),
        }.ToJsonString()),
    ];

    /// <summary>A message.</summary>
    public static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    /// <summary>Writes a dataset, the last quarter of its rows for evaluation, and returns its name.</summary>
    /// <param name="trainer">The engine that will find it.</param>
    /// <param name="rows">Lines of JSON.</param>
    /// <param name="manifest">Members of <c>dataset.json</c> beside task and files.</param>
    public static string Write(TestTrainer trainer, IReadOnlyList<string> rows, JsonObject? manifest = null)
    {
        string name = $"completion-{Guid.NewGuid():n}";
        string folder = Directory.CreateDirectory(Path.Combine(trainer.Services.Configuration.DataDirectory, "datasets", name)).FullName;
        int train = rows.Count * 3 / 4;
        File.WriteAllLines(Path.Combine(folder, "train.jsonl"), rows.Take(train));
        File.WriteAllLines(Path.Combine(folder, "dev.jsonl"), rows.Skip(train));
        JsonObject complete = manifest?.DeepClone().AsObject() ?? [];
        (complete["task"], complete["train"], complete["eval"]) = ("completion", "train.jsonl", "dev.jsonl");
        File.WriteAllText(Path.Combine(folder, "dataset.json"), complete.ToJsonString());
        return name;
    }

    /// <summary>A run of four steps on the bundled model.</summary>
    public static JsonObject Spec(string dataset)
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["dataset"], spec["trainSamples"], spec["evalSamples"]) = (dataset, 30, null);
        return spec;
    }
}
