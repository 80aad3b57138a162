using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Tasks.Completion;
using LoraLab.Training.Cli.Predict;
using Xunit;

namespace LoraLab.Tests.Training.Cli.Predict;

/// <summary>Predictions of runs that complete texts: the prompts and texts of their evaluations, without their datasets.</summary>
public sealed class CompletionPredictorTests : IDisposable
{
    private const string Id = "01RUN";
    private const int Generated = 4;
    private readonly TestTrainer _trainer = new();

    public void Dispose() => _trainer.Dispose();

    [Fact]
    public void Predict_Prompts_AreContinuedAsInTheEvaluation() => HasTextsOfTheEvaluation(
        CompletionRuns.Prompted, [], row => new Dictionary<string, string> { ["prompt"] = row.Columns["prompt"] });

    [Fact]
    public void Predict_Instructions_AreContinuedAsInTheEvaluation() => HasTextsOfTheEvaluation(
        CompletionRuns.Instructions,
        new() { ["columns"] = new JsonArray("instruction", "input", "output") },
        row => new Dictionary<string, string>
        {
            ["instruction"] = row.Columns["instruction"],
            ["input"] = row.Columns["input"],
        });

    [Fact]
    public void Predict_Conversations_AreContinuedAsInTheEvaluation() => HasTextsOfTheEvaluation(
        CompletionRuns.Conversations,
        new() { ["messagesColumn"] = "messages" },
        row => new Dictionary<string, string>
        {
            // The evaluation file has the last quarter of the 40 rows.
            ["messages"] = JsonNode.Parse(CompletionRuns.Conversations[30 + row.Row])!["messages"]!.ToJsonString(),
        },
        "chatml");

    private void HasTextsOfTheEvaluation(
        IReadOnlyList<string> rows,
        JsonObject manifest,
        Func<EvaluationRow, IReadOnlyDictionary<string, string>> input,
        string? chatTemplate = null)
    {
        string dataset = CompletionRuns.Write(_trainer, rows, manifest);
        JsonObject spec = CompletionRuns.Spec(dataset);
        (spec["generateSamples"], spec["generateTokens"], spec["chatTemplate"]) = (Generated, 8, chatTemplate);
        string data = _trainer.Services.Configuration.DataDirectory;
        string folder = Directory.CreateDirectory(Path.Combine(data, "runs", Id)).FullName;
        Assert.Equal(EndReason.Finished, _trainer.Attempt(folder, 1, spec));
        EvaluationRow[] evaluated = [.. File.ReadLines(Path.Combine(folder, RunFiles.EvaluationRows)).Take(Generated)
            .Select(line => JsonSerializer.Deserialize<EvaluationRow>(line, ContractJson.Options)!)];
        IReadOnlyList<string>[] predictions = [.. CsvRows.Read(File.ReadAllText(Path.Combine(folder, RunFiles.PredictionsAt(4))))];
        int column = predictions[0].Index().First(name => name.Item == "generated").Index;
        Directory.Delete(Path.Combine(data, "datasets", dataset), recursive: true);
        using Predictor predictor = new(_trainer.Services);
        using CancellationTokenSource stopping = new();

        PredictCommand command = new() { Runs = [Id], Inputs = [.. evaluated.Select(input)] };
        PredictAnswer answer = PredictProgram.Answer(predictor, command, stopping, () => { });

        Assert.True(answer.Answers is not null, answer.Error);
        PredictResult result = answer.Answers[0];
        Assert.Equal(evaluated.Select(row => row.Prompt), result.Items.Select(item => item.Prompt));
        Assert.Equal(
            predictions.Skip(1).Take(Generated).Select(row => row[column]), result.Items.Select(item => item.Generated!));
        PredictAnswer missing = PredictProgram.Answer(
            predictor, command with { Inputs = [new Dictionary<string, string>()] }, stopping, () => { });
        PredictAnswer ranked = PredictProgram.Answer(predictor, command with { TopK = 1 }, stopping, () => { });
        Assert.Equal("topK", ranked.Field);
        Assert.StartsWith("inputs[0].", missing.Field, StringComparison.Ordinal);
    }
}
