using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Data;
using LoraLab.Training.Tasks.Completion;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Completion;

/// <summary>Runs of every layout, their targets, and rows that are refused.</summary>
public sealed class CompletionLayoutTests
{
    private static readonly JsonObject _alpaca = new()
    {
        ["columns"] = new JsonArray("instruction", "input"),
        ["completionColumn"] = "output",
    };

    private static readonly JsonObject _messages = new() { ["messagesColumn"] = "messages" };
    private static readonly JsonObject _text = new() { ["textColumn"] = "text" };

    [Theory]
    [InlineData("prompted")]
    [InlineData("instructions")]
    [InlineData("texts")]
    [InlineData("conversations")]
    public void Train_OfALayout_LearnsItsRows(string layout)
    {
        using TestTrainer trainer = new();
        (IReadOnlyList<string> rows, JsonObject? manifest) = layout switch
        {
            "prompted" => (CompletionRuns.Prompted, null),
            "instructions" => (CompletionRuns.Instructions, _alpaca),
            "texts" => (CompletionRuns.Texts, _text),
            _ => (CompletionRuns.Conversations, (JsonObject?)_messages),
        };
        JsonObject spec = CompletionRuns.Spec(CompletionRuns.Write(trainer, rows, manifest));
        spec["chatTemplate"] = layout == "conversations" ? "chatml" : null;
        spec["generateSamples"] = layout == "texts" ? 0 : 2;
        spec["generateTokens"] = 4;

        FinishedRun run = trainer.Run(spec);

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        IReadOnlyDictionary<int, double> loss = run.Series(MetricKeys.EvalLoss);
        Assert.True(loss[4] < loss[0], $"{loss[0]} → {loss[4]}");
        Assert.Equal(layout != "texts", run.Series(MetricKeys.EvalRougeL).Count > 0);
        // A generated text may have line breaks.
        Assert.Equal(10, run.Predictions(4).Count(cells => cells.Length > 3 && int.TryParse(cells[0], out int row) && row < 40));
        EvaluationRow first = JsonSerializer.Deserialize<EvaluationRow>(
            File.ReadLines(Path.Combine(run.Folder, RunFiles.EvaluationRows)).First(), ContractJson.Options)!;
        Assert.Equal(
            layout switch
            {
                "prompted" => ("Count from 30 to 32:", " 30 31 32"),
                "instructions" => (
                    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response "
                        + "that appropriately completes the request.\n\n### Instruction:\nAdd one.\n\n### Input:\n30\n\n### Response:\n",
                    "It is 31."),
                "texts" => ("", null),
                _ => (
                    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat follows 30?<|im_end|>\n<|im_start|>assistant\n31."
                        + "<|im_end|>\n<|im_start|>user\nAnd then?<|im_end|>\n<|im_start|>assistant\n",
                    "32."),
            },
            (first.Prompt, first.Reference));
    }

    /// <summary>A run is asked with the same prompts as in its evaluations, without its dataset.</summary>
    [Theory]
    [InlineData("question", null)]
    [InlineData("instructions", null)]
    [InlineData("conversations", "mistral")]
    public void Questions_OfEvaluationRows_AreTheirPrompts(string layout, string? chatTemplate)
    {
        (IReadOnlyList<string> rows, JsonObject manifest) = layout switch
        {
            "question" => (
                [.. CompletionRuns.Prompted.Select(row => row.Replace("\"prompt\"", "\"question\"", StringComparison.Ordinal))],
                new JsonObject { ["promptColumn"] = "question", ["prompt"] = "Q: {prompt}\nA:{completion}" }),
            "instructions" => (CompletionRuns.Instructions, _alpaca),
            _ => (CompletionRuns.Conversations, _messages),
        };
        CompletionData data = Data(rows, manifest, spec => spec["chatTemplate"] = chatTemplate);
        RunSpec spec = new() { Prompt = layout == "conversations" ? null : data.PromptFingerprint().Name, ChatTemplate = chatTemplate };
        ITokenizer tokenizer = TokenizerFolder.Load(Path.Combine(Fixtures.RepositoryRoot, "samples", "model")).Tokenizer;

        CompletionQuestions questions = new(spec, data.PromptFingerprint(), tokenizer);

        Assert.All(data.EvaluationRows().Zip(data.Evaluation), pair =>
        {
            Assert.Equal(pair.First.Prompt, questions.Text(pair.First.Columns));
            Assert.Equal(pair.Second.PromptIds, questions.Ids(pair.First.Columns));
            Assert.All(questions.Columns, column => Assert.Contains(column, pair.First.Columns.Keys));
        });
        Assert.Contains(2, questions.Settings(8).StopIds);
    }

    [Fact]
    public void Encode_Instruction_WithoutInputLeavesItOut()
    {
        CompletionData data = Data(CompletionRuns.Instructions, _alpaca, spec => { });

        Assert.StartsWith("Below is an instruction that describes a task. Write", data.Evaluation[1].Prompt);
        Assert.DoesNotContain("Input", data.Evaluation[1].Prompt, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_Conversation_TargetsTheAnswersWithTheirEnds()
    {
        // The end token of the model stands between the parts, so that it is exact what a target is.
        CompletionData data = Data(CompletionRuns.Conversations, _messages, spec => spec["chatTemplate"] = "zephyr");
        TrainingExample example = data.Train.Single(row => row.Row == 0);

        Assert.Equal(2, example.Targets.Count);
        Assert.All(example.Targets, range => Assert.Equal(2, example.Ids[range.End - 1]));
        Assert.Equal(5, example.Ids.Count(id => id == 2));
        Assert.True(example.Targets[1].End <= example.Ids.Length);
        CompletionData full =
            Data(CompletionRuns.Conversations, _messages, spec => (spec["chatTemplate"], spec["lossScope"]) = ("zephyr", "full"));
        Assert.Equal([new TargetRange(1, example.Ids.Length)], full.Train.Single(row => row.Row == 0).Targets);
    }

    [Fact]
    public void Encode_Completion_EndsWithTheEndToken()
    {
        CompletionData data = Data(CompletionRuns.Prompted, null, spec => { });

        Assert.All(data.Train, example =>
        {
            TargetRange range = Assert.Single(example.Targets);
            Assert.Equal((example.Ids.Length, 2), (range.End, example.Ids[^1]));
            Assert.DoesNotContain(2, example.Ids[..^1]);
        });
    }

    [Fact]
    public void Encode_LongRows_AreRefusedDroppedOrCutOffAtTheirEnd()
    {
        string numbers = string.Join(' ', Enumerable.Range(1, 60));
        string longRow = new JsonObject { ["prompt"] = "Count:", ["completion"] = $" {numbers}" }.ToJsonString();
        string longPrompt = new JsonObject { ["prompt"] = numbers, ["completion"] = " 61" }.ToJsonString();
        string[] rows = [longRow, longPrompt, .. CompletionRuns.Prompted];

        string refused = Refused(rows, null, spec => spec["maxTokens"] = 60);
        Assert.Contains("2 training rows have more than maxTokens (60)", refused, StringComparison.Ordinal);
        Assert.Contains("lines 1, 2 of train.jsonl", refused, StringComparison.Ordinal);

        CompletionData dropped = Data(rows, null, spec => (spec["maxTokens"], spec["tooLong"]) = (60, "drop"));
        Assert.Equal(new RowCounts(2, 0), dropped.Dropped);
        CompletionData cut = Data(rows, null, spec => (spec["maxTokens"], spec["tooLong"], spec["dataSeed"]) = (60, "truncate", null));
        Assert.Equal((new RowCounts(1, 0), new RowCounts(1, 0)), (cut.Cut, cut.Dropped));
        Assert.Equal(60, cut.Train[0].Ids.Length);
        Assert.NotEqual(2, cut.Train[0].Ids[^1]);
        Assert.Contains(
            "1 training row has a prompt as long as maxTokens (60), so that nothing is left to learn",
            string.Join('\n', cut.Warnings),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_PromptThatEndsWithASpace_WarnsOfTheTokenThatHoldsBoth()
    {
        string[] rows = [.. Enumerable.Range(0, 8).Select(i => $$"""{"prompt":"the cat ","completion":"sat on mat {{i}}"}""")];

        CompletionData data = Data(rows, null, spec => { });

        Assert.Contains("have a token that belongs to both prompt and completion", Assert.Single(data.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt":"a","completion":" "}""", null, "line 2: 'completion' is empty")]
    [InlineData("""{"prompt":"a"}""", null, "line 2: 'completion' is missing")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", "messages", "line 2: the conversation has no assistant turn")]
    [InlineData("""{"messages":"hello"}""", "messages", "line 2: the messages are not valid JSON")]
    public void Read_BadRow_IsRefusedWithItsLine(string row, string? column, string problem)
    {
        string good = column is null ? CompletionRuns.Prompted[0] : CompletionRuns.Conversations[0];
        JsonObject? manifest = column is null ? null : _messages;

        string refused = Refused([good, row, good, good], manifest, spec => spec["chatTemplate"] = column is null ? null : "chatml");

        Assert.Contains("/train.jsonl, " + problem, refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prompt", "{prompt}", "does not contain {completion}")]
    [InlineData("prompt", "{prompt}{completion}{completion}", "contains the completion more than once")]
    [InlineData("prompt", "{completion} answers {prompt}", "has {completion} before {prompt}")]
    [InlineData("prompt", "{{prompt}}{completion}", "contains {{prompt}}, but a column is in single braces; write {prompt}")]
    [InlineData("prompt", "{{ prompt }}{completion}", "contains {{ prompt }}, but a column is in single braces; write {prompt}")]
    [InlineData("prompt", "{promt}{completion}", "{promt}, which is not a column of the dataset; the nearest is {prompt}")]
    [InlineData("chatTemplate", "chatml", "chatTemplate belongs to conversations")]
    [InlineData("chatTemplate", "vicuna", "chatTemplate must be one of chatml, llama3, zephyr, gemma, mistral")]
    public void Validate_FieldThatDoesNotFit_IsNamed(string field, string value, string problem) =>
        Assert.Contains(problem, Refused(CompletionRuns.Prompted, null, spec => spec[field] = value, field), StringComparison.Ordinal);

    [Fact]
    public void Validate_FieldOfAnotherTask_IsWarnedOf()
    {

        using TestTrainer trainer = new();
        JsonObject spec = new() { ["dataset"] = "sample", ["generateSamples"] = 4, ["chatTemplate"] = "chatml" };
        SpecValidation checkedSpec = trainer.Services.Validator.Validate(spec);
        Assert.Empty(checkedSpec.Errors);
        Assert.Contains(
            "chatTemplate and generateSamples have no effect on the task classification of dataset 'sample'.", checkedSpec.Warnings);
    }

    [Fact]
    public void Validate_Conversations_NeedAChatTemplateAndHaveNoPrompt()
    {
        Assert.Contains(
            "The model has no chat template",
            Refused(CompletionRuns.Conversations, _messages, _ => { }, "chatTemplate"),
            StringComparison.Ordinal);
        Assert.Contains(
            "have a chat template instead of a prompt",
            Refused(CompletionRuns.Conversations, _messages, spec => spec["prompt"] = "{messages}", "prompt"),
            StringComparison.Ordinal);
        Assert.Contains(
            "there is nothing to continue",
            Refused(CompletionRuns.Texts, _text, spec => spec["generateSamples"] = 1, "generateSamples"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_MarkersThatTheVocabularyLacks_AreTextWithAWarning()
    {
        CompletionData data = Data(CompletionRuns.Conversations, _messages, spec => spec["chatTemplate"] = "chatml");

        Assert.Contains(
            "has no token for '<|im_start|>', '<|im_end|>' of the chat template 'chatml'",
            Assert.Single(data.Warnings),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messagesColumn":"m","textColumn":"t"}""", "'messagesColumn' excludes 'textColumn'")]
    [InlineData("""{"columns":["a","b"]}""", "'completionColumn' is missing")]
    [InlineData("""{"columns":["a","b"],"completionColumn":"c"}""", "several columns make the prompt, so it needs a template")]
    public void Read_ManifestOfNoLayout_IsRefused(string manifest, string problem) =>
        Assert.Contains(
            problem, Refused(CompletionRuns.Prompted, JsonNode.Parse(manifest)!.AsObject(), _ => { }), StringComparison.Ordinal);

    [Fact]
    public void Select_SelectionSplit_HasOtherPromptsThanTheTrainingRows()
    {
        string[] rows =
            [.. Enumerable.Range(0, 400).Select(i => $$"""{"prompt":"number {{i % 150}}","completion":" {{i}}"}""")];
        CompletionData data = Data(rows, null, spec => (spec["evalSplit"], spec["trainSamples"]) = ("selection", 20));

        Assert.True(data.Evaluation.Count >= 100);
        string[] trained = [.. data.Train.Select(example => $"number {example.Row % 150}")];
        Assert.DoesNotContain(data.Evaluation, example => trained.Contains(example.Prompt));
    }

    private static CompletionData Data(IReadOnlyList<string> rows, JsonObject? manifest, Action<JsonObject> change)
    {
        using TestTrainer trainer = new();
        JsonObject spec = CompletionRuns.Spec(CompletionRuns.Write(trainer, rows, manifest));
        change(spec);
        SpecValidation validation = trainer.Services.Validator.Validate(spec);
        Assert.True(validation.Spec is not null, string.Join(' ', validation.Errors.Select(error => error.Message)));
        using LoraLab.Training.Training.RunData data = trainer.Services.Preparation().Read(validation.Spec);
        return Assert.IsType<CompletionData>(data.Rows);
    }

    private static string Refused(IReadOnlyList<string> rows, JsonObject? manifest, Action<JsonObject> change, string? field = null)
    {
        using TestTrainer trainer = new();
        JsonObject spec = CompletionRuns.Spec(CompletionRuns.Write(trainer, rows, manifest));
        change(spec);
        SpecValidation validation = trainer.Services.Validator.Validate(spec);
        Assert.NotEmpty(validation.Errors);
        Assert.True(field is null || validation.Errors.Any(error => error.Field == field), $"{validation.Errors[0].Field}");
        return string.Join('\n', validation.Errors.Select(error => error.Message));
    }
}
