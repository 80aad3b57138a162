using System.Runtime.InteropServices;
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
            PredictResult result = Predict(new() { Runs = [Id], Inputs = [.. rows.Select(row => row.Columns)], TopK = 1 });

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
        PredictedItem after = Predict(new() { Runs = [Id], Inputs = [input] }).Items[0];

        Assert.Equal(run.FirstScores, before.Scores!, (a, b) => Math.Abs(a - b) < Rounding);
        Assert.NotEqual(before.Scores!, after.Scores!, (a, b) => Math.Abs(a - b) < Rounding);
        Assert.Equal(before.Scores, Predict(alone).Items[0].Scores);
    }

    [Fact]
    public void Predict_EmptyPrompt_ContinuesWhatTheTokenizerPutsInFront()
    {
        PredictResult result = Predict(new() { Runs = [Id], Prompt = "", Generate = new() { MaxTokens = 5 } });
        PredictResult[] drawn = [.. new[] { 1, 1, 2 }.Select(seed =>
            Predict(new() { Runs = [Id], Prompt = "", Generate = new() { MaxTokens = 20, Temperature = 2, Seed = seed } }))];

        Assert.Equal((1, 5), (result.Items[0].Tokens, result.Items[0].GeneratedTokens));
        Assert.NotEqual("", result.Items[0].Generated);
        Assert.Equal(drawn[0].Items[0].Generated, drawn[1].Items[0].Generated);
        Assert.NotEqual(drawn[0].Items[0].Generated, drawn[2].Items[0].Generated);
    }

    [Fact]
    public void Predict_ModelAndRuns_AreAnsweredAsAlone()
    {
        IReadOnlyDictionary<string, string> input = run.Rows[0].Columns;
        PredictCommand alone = new() { Model = Model, Inputs = [input], Template = "paper-literal", Labels = ["negative", "positive"] };
        PredictCommand both = new() { Model = Model, Runs = [Id, TrainedRun.Other], Inputs = [input] };

        IReadOnlyList<PredictResult> answers = Answer(both).Answers!;
        IReadOnlyList<PredictResult> texts = Answer(new() { Model = Model, Runs = [Id, TrainedRun.Other], Prompt = "a" }).Answers!;

        Assert.Equal([null, Id, TrainedRun.Other], answers.Select(answer => answer.Run));
        Assert.All(answers, answer => Assert.Equal(Model, answer.Model));
        Assert.Equal(Predict(alone).Items[0].Scores, answers[0].Items[0].Scores);
        Assert.Equal(Predict(new() { Runs = [Id], Inputs = [input] }).Items[0].Scores, answers[1].Items[0].Scores);
        Assert.Equal(Predict(new() { Runs = [TrainedRun.Other], Inputs = [input] }).Items[0].Scores, answers[2].Items[0].Scores);
        Assert.Equal(3, answers.Select(answer => answer.Items[0].Scores![0]).Distinct().Count());
        Assert.Equal(3, texts.Count);
        Assert.Equal(
            Predict(new() { Runs = [TrainedRun.Other], Prompt = "a" }).Items[0].Generated, texts[2].Items[0].Generated);
    }

    [Fact]
    public void Predict_RunsOfOtherPrompts_AreAskedWithTheirOwnAndTheModelIsNot()
    {
        IReadOnlyDictionary<string, string> input = run.Rows[0].Columns;
        PredictCommand both = new() { Runs = [Id, TrainedRun.Quoted], Inputs = [input] };

        IReadOnlyList<PredictResult> answers = Answer(both).Answers!;
        PredictAnswer refused = Answer(both with { Model = Model });

        Assert.NotEqual(answers[0].Items[0].Prompt, answers[1].Items[0].Prompt);
        Assert.Equal("model", refused.Field);
        Assert.Contains(TrainedRun.Quoted, refused.Error, StringComparison.Ordinal);
        Assert.Equal(3, Answer(new() { Model = Model, Runs = both.Runs, Prompt = "" }).Answers!.Count);
    }

    [Theory]
    [InlineData("sentense", ", but one for 'sentense': did you mean 'sentence'?")]
    [InlineData("text", "; the prompt needs sentence.")]
    public void Predict_OtherColumn_IsToldFromTheMissingOne(string column, string hint) => Assert.Equal(
        $"Input 0 has no text for the column 'sentence'{hint}",
        Answer(new() { Runs = [Id], Inputs = [new Dictionary<string, string> { [column] = "a" }] }).Error);

    [Theory]
    [InlineData("inputs[0].sentence", """{"runs":["01RUN"],"inputs":[{"text":"a"}]}""")]
    [InlineData("inputs[1].label", """{"runs":["01RUN"],"inputs":[{"sentence":"a"},{"sentence":"a","label":"1"}]}""")]
    [InlineData("generate", """{"runs":["01RUN"],"inputs":[{"sentence":"a"}],"generate":{}}""")]
    [InlineData("prompt", """{"runs":["01RUN"],"prompt":"a","generate":{"maxTokens":4096}}""")]
    [InlineData("template", """{"model":"copy","inputs":[{"a":"b"}],"template":"{a}","labels":["c","d"]}""")]
    [InlineData("labels", """{"model":"copy","inputs":[{"a":"b"}],"template":"{a} {label}","labels":["very","very good"]}""")]
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

        Assert.Equal("inputs[0]", Answer(new() { Runs = [Id], Inputs = [new Dictionary<string, string> { ["sentence"] = text }] }).Field);
        Assert.Equal("prompt", Answer(new() { Runs = [Id], Prompt = text }).Field);
    }

    [Fact]
    public void Predict_TooLittleTime_Ends()
    {
        PredictCommand command = new() { Runs = [Id], Prompt = "", Generate = new() { MaxTokens = 200 }, Seconds = 1e-3 };

        // On a busy machine, the timer may come after the last token.
        IEnumerable<PredictAnswer> answers = Enumerable.Range(0, 20).Select(_ => Answer(command));
        Assert.Contains(answers, answer => answer.TimedOut);
    }

    /// <summary>A device that stopped working ends the process, whose last words are the sentence; one without memory does not.</summary>
    [Fact]
    public void Predict_DeviceThatFails_IsASentence()
    {
        using CancellationTokenSource stopping = new();
        PredictCommand command = new() { Runs = [Id], Prompt = "" };

        PredictAnswer full = PredictProgram.Answer(run.Predictor, command, stopping, () => Throw("CUDA out of memory."));
        Assert.StartsWith("The device ran out of memory: end other programs", full.Error, StringComparison.Ordinal);
        Assert.Throws<ExternalException>(() =>
            PredictProgram.Answer(run.Predictor, command, stopping, () => Throw("CUDA error: unknown error")));
        Assert.NotNull(Answer(command).Answers);

        static void Throw(string text) => throw new ExternalException(text);
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
            PredictAnswer changed = Answer(new() { Runs = [Id], Prompt = "" });
            Assert.True(changed.Conflict && changed.Field is null);
            Assert.Contains("its weights are others", changed.Error, StringComparison.Ordinal);
        }
        finally
        {
            bytes[^1] ^= 1;
            File.WriteAllBytes(weights, bytes);
        }

        Assert.NotNull(Answer(new() { Runs = [Id], Prompt = "" }).Answers);
        Assert.True(Answer(new() { Runs = ["01NONE"], Prompt = "" }).Conflict);
    }

    private PredictResult Predict(PredictCommand command)
    {
        PredictAnswer answer = Answer(command);
        return Assert.Single(answer.Answers ?? throw new InvalidOperationException(answer.Error));
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

            string folder = Train(Id, "lora", "paper-literal");
            Train(Other, "pissa", "paper-literal");
            Train(Quoted, "lora", "paper-quoted");
            FinishedRun finished = FinishedRun.Read(folder);
            Predictions = finished.Predictions(MicroSpec.Steps);
            FirstScores = [.. finished.Predictions(0)[0][3..5].Select(double.Parse)];
            Rows = [.. File.ReadLines(Path.Combine(folder, RunFiles.EvaluationRows))
                .Select(line => JsonSerializer.Deserialize<EvaluationRow>(line, ContractJson.Options)!)];
            Directory.Delete(dataset, recursive: true);
            Predictor = new(Trainer.Services);
        }

        internal static string Other => "02RUN";

        internal static string Quoted => "03RUN";

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

        private string Train(string id, string method, string prompt)
        {
            JsonObject spec = MicroSpec.For(method);
            (spec["model"], spec["dataset"], spec["prompt"]) = (Model, Model, prompt);
            string folder = Path.Combine(Trainer.Services.Configuration.DataDirectory, "runs", id);
            Assert.Equal(EndReason.Finished, Trainer.Attempt(Directory.CreateDirectory(folder).FullName, 1, spec));
            return folder;
        }
    }
}
