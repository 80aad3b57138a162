using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Data;
using LoraLab.Training.Tasks;
using LoraLab.Training.Tasks.Completion;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Completion;

/// <summary>Published datasets for completion, in their layouts, with the prompts of runs that name none.</summary>
public sealed class CompletionPresetTests
{
    [Fact]
    public void Read_Alpaca_HasItsPublishedPromptAndNoEvaluationFile()
    {
        using TemporaryFolder folder = new();
        folder.Write("alpaca_data.json", $"[{string.Join(",\n", CompletionRuns.Instructions)}]");

        CompletionDataset data = Read(folder, "alpaca");

        Assert.Equal((40, 0, "alpaca"), (data.Train.Count, data.Entry.EvalRows, data.DefaultPrompt));
        // Evaluated are the rows after the training rows.
        CompletionRows rows = data.Select(new RunSpec { TrainSamples = 30 });
        Assert.Equal((30, 10), (rows.TrainingCount, rows.EvaluationCount));
    }

    [Fact]
    public void Read_Dolly_LeavesOutBrokenRowsAndNamesItsColumnsLikeAlpaca()
    {
        using TemporaryFolder folder = new();
        folder.Write("databricks-dolly-15k.jsonl", string.Join('\n', [
            """{"instruction":"Add.","context":"1 and 2","response":"3","category":"closed_qa"}""",
            """{"instruction":"Say nothing.","context":"","response":"","category":"open_qa"}""",
            """{"instruction":"Say yes.","context":"","response":"yes","category":"open_qa"}"""]));

        CompletionDataset data = Read(folder, "dolly");

        Assert.Equal(2, data.Train.Count);
        Assert.Equal(["instruction", "input", "output"], data.Columns.Names);
        Assert.Contains("line 2", Assert.Single(data.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Gsm8k_AsksTheQuestion()
    {
        using TemporaryFolder folder = new();
        foreach (string file in new[] { "train.jsonl", "test.jsonl" })
        {
            folder.Write(file, new JsonObject { ["question"] = "1 + 1?", ["answer"] = "2\n#### 2" }.ToJsonString());
        }

        CompletionDataset data = Read(folder, "gsm8k");

        Assert.Equal("Question: {prompt}\nAnswer: {completion}", data.DefaultPrompt);
        Assert.Equal((1, 1), (data.Train.Count, data.Dev.Count));
    }

    private static CompletionDataset Read(TemporaryFolder folder, string preset)
    {
        folder.Write("dataset.json", $$"""{"preset":"{{preset}}"}""");
        DatasetManifest manifest = DatasetManifest.Load(preset, folder.Path);
        return Assert.IsType<CompletionDataset>(TaskRegistry.Default.Of(manifest).Read(preset, folder.Path, manifest));
    }
}
