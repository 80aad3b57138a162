using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Cli.Predict;
using Xunit;

namespace LoraLab.Tests.Training.Cli.Predict;

/// <summary>Predictions of a run in the trainer: the numbers of its evaluation, without its dataset.</summary>
public sealed class PredictorTests(PredictorTests.TrainedRun run) : IClassFixture<PredictorTests.TrainedRun>
{
    private const string Id = "01RUN";
    private const string Model = "copy";
    private const double Rounding = 2e-5;

    [Fact]
    public void Predict_EvaluationRows_HaveTheScoresOfTheRun()
    {
        foreach ((EvaluationRow[] rows, string[][] expected) in run.Rows.Zip(run.Predictions).Chunk(PredictLimits.Inputs)
            .Select(chunk => ((EvaluationRow[])[.. chunk.Select(pair => pair.First)], (string[][])[.. chunk.Select(pair => pair.Second)])))
        {
            PredictResult result = Predict(new() { Run = Id, Inputs = [.. rows.Select(row => row.Columns)], TopK = 1 });

            Assert.Equal(["negative", "positive"], result.Labels);
            Assert.Equal(rows.Length, result.Items.Count);
            foreach ((string[] row, PredictedItem item) in expected.Zip(result.Items))
            {
                Assert.Equal(row[2], $"{item.Predicted}");
                Assert.Equal(double.Parse(row[3]), item.Scores![0], Rounding);
                Assert.Equal(double.Parse(row[4]), item.Scores[1], Rounding);
                Assert.Equal(item.Predicted, Assert.Single(item.Top!).Index);
            }

            Assert.Equal(rows.Select(row => row.Prompt), result.Items.Select(item => item.Prompt));
            Assert.Equal("cpu", result.Device);
        }
    }

    [Fact]
    public void Predict_ModelAlone_HasTheScoresBeforeTheFirstStep()
    {
        IReadOnlyDictionary<string, string> input = run.Rows[0].Columns;
        PredictCommand alone = new() { Model = Model, Inputs = [input], Template = "paper-literal", Labels = ["negative", "positive"] };

        PredictedItem before = Predict(alone).Items[0];
        PredictedItem after = Predict(new() { Run = Id, Inputs = [input] }).Items[0];

        Assert.Equal(run.FirstScores, before.Scores!, (a, b) => Math.Abs(a - b) < Rounding);
        Assert.NotEqual(before.Scores!, after.Scores!, (a, b) => Math.Abs(a - b) < Rounding);
        Assert.Equal(before.Scores, Predict(alone).Items[0].Scores);
    }

    [Fact]
    public void Predict_EmptyPrompt_ContinuesWhatTheTokenizerPutsInFront()
    {
        PredictResult result = Predict(new() { Run = Id, Prompt = "", Generate = new() { MaxTokens = 5 } });
        PredictResult[] drawn = [.. new[] { 1, 1, 2 }.Select(seed =>
            Predict(new() { Run = Id, Prompt = "", Generate = new() { MaxTokens = 20, Temperature = 2, Seed = seed } }))];

        Assert.Equal((1, 5), (result.Items[0].Tokens, result.Items[0].GeneratedTokens));
        Assert.NotEqual("", result.Items[0].Generated);
        Assert.Equal(drawn[0].Items[0].Generated, drawn[1].Items[0].Generated);
        Assert.NotEqual(drawn[0].Items[0].Generated, drawn[2].Items[0].Generated);
    }

    [Theory]
    [InlineData("inputs[0].sentence", """{"run":"01RUN","inputs":[{"text":"a"}]}""")]
    [InlineData("generate", """{"run":"01RUN","inputs":[{"sentence":"a"}],"generate":{}}""")]
    [InlineData("prompt", """{"run":"01RUN","prompt":"a","generate":{"maxTokens":4096}}""")]
    [InlineData("template", """{"model":"copy","inputs":[{"a":"b"}],"template":"{a}","labels":["c","d"]}""")]
    [InlineData("model", """{"model":"none","prompt":"a"}""")]
    public void Predict_WrongMember_IsNamed(string field, string json)
    {
        PredictAnswer answer = Answer(JsonSerializer.Deserialize<PredictCommand>(json, ContractJson.Options)!);

        Assert.Equal((field, false), (answer.Field, answer.Conflict));
        Assert.EndsWith(".", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_LongText_IsRefusedBeforeTheModelIsLoaded()
    {
        string text = string.Concat(Enumerable.Repeat("a long text ", 4000));

        Assert.Equal("inputs[0]", Answer(new() { Run = Id, Inputs = [new Dictionary<string, string> { ["sentence"] = text }] }).Field);
        Assert.Equal("prompt", Answer(new() { Run = Id, Prompt = text }).Field);
    }

    [Fact]
    public void Predict_TooLittleTime_Ends()
    {
        PredictAnswer answer = Answer(new() { Run = Id, Prompt = "", Generate = new() { MaxTokens = 200 }, Seconds = 1e-3 });

        Assert.True(answer.TimedOut, answer.Error);
    }

    [Fact]
    public void Predict_OtherModelOfTheName_IsAConflict()
    {
        string weights = Path.Combine(run.Trainer.Services.Configuration.DataDirectory, "models", Model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        try
        {
            bytes[^1] ^= 1;
            File.WriteAllBytes(weights, bytes);
            PredictAnswer changed = Answer(new() { Run = Id, Prompt = "" });
            Assert.True(changed.Conflict && changed.Field is null);
            Assert.Contains("its weights are others", changed.Error, StringComparison.Ordinal);
        }
        finally
        {
            bytes[^1] ^= 1;
            File.WriteAllBytes(weights, bytes);
        }

        Assert.NotNull(Answer(new() { Run = Id, Prompt = "" }).Result);
        Assert.True(Answer(new() { Run = "01NONE", Prompt = "" }).Conflict);
    }

    private PredictResult Predict(PredictCommand command)
    {
        PredictAnswer answer = Answer(command);
        return answer.Result ?? throw new InvalidOperationException(answer.Error);
    }

    private PredictAnswer Answer(PredictCommand command)
    {
        using CancellationTokenSource stopping = new();
        return PredictProgram.Answer(run.Predictor, command, stopping, () => { });
    }

    /// <summary>A run of a few steps on a copy of the sample, whose dataset is then deleted.</summary>
    public sealed class TrainedRun : IDisposable
    {
        public TrainedRun()
        {
            string data = Trainer.Services.Configuration.DataDirectory;
            Trainer.CopyOfSampleModel(Model);
            string dataset = Directory.CreateDirectory(Path.Combine(data, "datasets", Model)).FullName;
            foreach (string file in Directory.EnumerateFiles(Path.Combine(Fixtures.RepositoryRoot, "samples", "data")))
            {
                File.Copy(file, Path.Combine(dataset, Path.GetFileName(file)));
            }

            JsonObject spec = MicroSpec.For("lora");
            (spec["model"], spec["dataset"]) = (Model, Model);
            string folder = Directory.CreateDirectory(Path.Combine(data, "runs", Id)).FullName;
            Assert.Equal(EndReason.Finished, Trainer.Attempt(folder, 1, spec));
            FinishedRun finished = FinishedRun.Read(folder);
            Predictions = finished.Predictions(MicroSpec.Steps);
            FirstScores = [.. finished.Predictions(0)[0][3..5].Select(double.Parse)];
            Rows = [.. File.ReadLines(Path.Combine(folder, RunFiles.EvaluationRows))
                .Select(line => JsonSerializer.Deserialize<EvaluationRow>(line, ContractJson.Options)!)];
            Directory.Delete(dataset, recursive: true);
            Predictor = new(Trainer.Services);
        }

        internal TestTrainer Trainer { get; } = new();

        internal Predictor Predictor { get; }

        internal IReadOnlyList<string[]> Predictions { get; }

        internal IReadOnlyList<double> FirstScores { get; }

        internal IReadOnlyList<EvaluationRow> Rows { get; }

        public void Dispose()
        {
            Predictor.Dispose();
            Trainer.Dispose();
        }
    }
}
