using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Cli;

/// <summary>The commands that take an adapter know the run that trained it, and speak of their own options.</summary>
public sealed class EvaluateCommandTests : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(2);
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Evaluate_AdapterOfARun_UsesItsModelDataPromptAndSplit()
    {
        Train("run1", spec =>
        {
            spec["prompt"] = "Review: {sentence}\nMood: {label}";
            spec["stripSentence"] = true;
            spec["evalSamples"] = 40;
        });
        IReadOnlyList<string[]> trained = FinishedRun.Read(RunFolder("run1")).Predictions(MicroSpec.Steps);

        JsonNode result = Evaluate("--adapter", "run1", "--predictions", Path.Combine(_data.Path, "p.json"));

        Assert.Equal("Review: {sentence}\nMood: {label}", (string?)result["prompt"]);
        Assert.Equal(("sample", "sample", "dev", 40), (
            (string?)result["model"], (string?)result["dataset"], (string?)result["split"], (int)result["samples"]!));
        Assert.True((bool)result["stripSentence"]!);
        Assert.Equal("fp32", (string?)result["precision"]);
        Assert.Equal(trained.Count(row => row[1] == row[2]), (int)result["correct"]!);
        PredictionSet predictions = ReadPredictions("p.json");
        Assert.Equal((MicroSpec.Steps, 40), (predictions.Step, predictions.Items.Count));
        Assert.Equal(["negative", "positive"], predictions.Labels);
        Assert.Equal(trained.Select(row => row[2]), predictions.Items.Select(item => $"{item.Predicted}"));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public void Evaluate_OptionsBesideAnAdapter_ReplaceThoseOfItsRun()
    {
        Train("run1", spec => spec["prompt"] = "Review: {sentence}\nMood: {label}");

        JsonNode result = Evaluate(
            "--adapter", Path.Combine(RunFolder("run1"), RunFiles.Adapter), "--samples", "7", "--prompt", "paper-quoted", "--predictions",
            Path.Combine(_data.Path, "p.json"));

        Assert.Equal(("paper-quoted", 7, 7), ((string?)result["prompt"], (int)result["samples"]!, (int)result["rows"]!));
        Assert.Equal(Enumerable.Range(0, 7), ReadPredictions("p.json").Items.Select(item => item.Row));
    }

    [Fact]
    public void Evaluate_BaseModelWithSamples_EvaluatesTheFirstRows()
    {
        JsonNode result = Evaluate("--samples", "5");

        Assert.Equal(("sample", "paper-literal", 5), ((string?)result["model"], (string?)result["prompt"], (int)result["rows"]!));
        Assert.Null((string?)result["adapter"]);
    }

    [Theory]
    [InlineData("--samples is 0", "--samples", "0")]
    [InlineData("selection", "--split", "test")]
    [InlineData("There is no adapter 'nowhere'", "--adapter", "nowhere")]
    [InlineData("The adapter name '' is empty", "--adapter", "")]
    [InlineData("--adapter: there is no folder /no/such/folder.", "--adapter", "/no/such/folder")]
    [InlineData("--predictions: the folder /no/such does not exist; create it.", "--predictions", "/no/such/file.json")]
    public void Evaluate_BadOption_IsNamed(string named, params string[] options)
    {
        TrainerProgram.Ended ended = new TrainerProgram(_data.Path).Run(_timeout, ["evaluate", .. options]);

        Assert.NotEqual(ExitCodes.Success, ended.ExitCode);
        Assert.Contains(named, ended.Output + ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("initFrom", ended.Output + ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public void Evaluate_FolderOfTheRunOrOfAModel_IsItsAdapterOrRefused()
    {
        Train("run1", spec => spec["prompt"] = "Review: {sentence}\nAnswer: {label}");
        string model = Path.Combine(Fixtures.RepositoryRoot, "samples", "model");

        JsonNode result = Evaluate("--adapter", RunFolder("run1"), "--samples", "3");
        string refused = new TrainerProgram(_data.Path).Run(_timeout, "evaluate", "--adapter", model).Error;

        Assert.Equal("Review: {sentence}\nAnswer: {label}", (string?)result["prompt"]);
        Assert.Equal($"--adapter: {model} is a model and not an adapter.", refused.Trim());
    }

    [Theory]
    [Trait("Category", "Exhaustive")]
    [InlineData("evaluate")]
    [InlineData("merge")]
    public void Command_AdapterThatCannotBeUsed_SpeaksOfItsOption(string verb)
    {
        Train("run1", _ => { });
        string config = Path.Combine(RunFolder("run1"), RunFiles.Adapter, "adapter_config.json");
        File.WriteAllText(config, "[");
        Directory.CreateDirectory(RunFolder("run2"));
        string[] rest = verb == "merge" ? ["--out", Path.Combine(_data.Path, "out")] : [];

        TrainerProgram.Ended damaged = new TrainerProgram(_data.Path).Run(_timeout, [verb, "--adapter", "run1", .. rest]);
        TrainerProgram.Ended unfinished = new TrainerProgram(_data.Path).Run(_timeout, [verb, "--adapter", "run2", .. rest]);

        Assert.StartsWith($"--adapter: {config} cannot be read", damaged.Error, StringComparison.Ordinal);
        Assert.StartsWith("--adapter: run run2 has no adapter", unfinished.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_data.Path, "out")));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public void Evaluate_AdapterOfAnUnknownBase_AsksForTheModel()
    {
        Train("run1", _ => { });
        string foreign = Path.Combine(_data.Path, "foreign");
        Directory.CreateDirectory(foreign);
        string adapter = Path.Combine(RunFolder("run1"), RunFiles.Adapter);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(adapter, "adapter_config.json")))!;
        config["base_model_name_or_path"] = "somewhere/else";
        File.WriteAllText(Path.Combine(foreign, "adapter_config.json"), config.ToJsonString());
        File.Copy(Path.Combine(adapter, "adapter_model.safetensors"), Path.Combine(foreign, "adapter_model.safetensors"));

        TrainerProgram.Ended refused = new TrainerProgram(_data.Path).Run(_timeout, "evaluate", "--adapter", foreign);

        Assert.Contains("'somewhere/else'", refused.Error, StringComparison.Ordinal);
        Assert.Contains("set --model", refused.Error, StringComparison.Ordinal);
        Assert.Equal(3, (int)Evaluate("--adapter", foreign, "--model", "sample", "--samples", "3")["rows"]!);
    }

    private string RunFolder(string id) => Path.Combine(_data.Path, "runs", id);

    private void Train(string id, Action<JsonObject> change)
    {
        JsonObject spec = MicroSpec.For("lora");
        change(spec);
        TrainerProgram.Ended ended = new TrainerProgram(_data.Path).Run(
            _timeout, "train", "--spec", _data.Write("spec.json", spec.ToJsonString()), "--out", RunFolder(id));
        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Output + ended.Error);
    }

    private JsonNode Evaluate(params string[] options)
    {
        TrainerProgram.Ended ended = new TrainerProgram(_data.Path).Run(_timeout, ["evaluate", .. options]);
        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Output + ended.Error);
        return JsonNode.Parse(ended.Output)!;
    }

    private PredictionSet ReadPredictions(string name) =>
        JsonSerializer.Deserialize<PredictionSet>(File.ReadAllText(Path.Combine(_data.Path, name)), ContractJson.Options)!;
}
