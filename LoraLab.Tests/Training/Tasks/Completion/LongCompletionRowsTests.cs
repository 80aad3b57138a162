using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Tasks.Completion;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Completion;

/// <summary>Rows with texts of megabytes, which are handled as <c>tooLong</c> says.</summary>
public sealed class LongCompletionRowsTests
{
    private static readonly string _huge = string.Concat(Enumerable.Repeat("very ", 2 << 20));

    [Fact]
    public void Validate_TenMegabytes_AreRefusedWithTheirLines()
    {
        (SpecValidation validation, _) = Encode(null, "refuse", Row("Count:", _huge), Row(_huge, " none"));

        FieldError error = Assert.Single(validation.Errors);
        Assert.Equal("tooLong", error.Field);
        Assert.Contains("2 training rows have more than ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            ", the longest 10,485,766 characters: lines 1, 2 of train.jsonl; shorten or remove them, or set tooLong to \"drop\" or "
                + "\"truncate\".",
            error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drop", 0, 2)]
    [InlineData("truncate", 1, 1)]
    public void Encode_TenMegabytes_AreCutWhereThePromptFits(string tooLong, int cut, int dropped)
    {
        (_, CompletionData? data) = Encode(null, tooLong, Row("Count:", _huge), Row(_huge, " none"));

        Assert.Equal((new RowCounts(cut, 0), new RowCounts(dropped, 0)), (data!.Cut, data.Dropped));
        Assert.Contains(data.Warnings, warning => warning.EndsWith("dropped: "
            + (cut == 0 ? "lines 1, 2 of train.jsonl." : "line 2 of train.jsonl."), StringComparison.Ordinal));
    }

    [Fact]
    public void Encode_LongConversation_EndsWithTheLastAnswerThatBegins()
    {
        string row = new JsonObject
        {
            ["messages"] = new JsonArray(
                CompletionRuns.Message("user", "a"),
                CompletionRuns.Message("assistant", "b"),
                CompletionRuns.Message("user", _huge),
                CompletionRuns.Message("assistant", "c")),
        }.ToJsonString();

        (_, CompletionData? data) = Encode(new() { ["messagesColumn"] = "messages" }, "truncate", row);

        Assert.Equal(new RowCounts(1, 0), data!.Cut);
        Assert.True(data.Train[0].Ids.Length < 60, $"{data.Train[0].Ids.Length} tokens");
    }

    private static string Row(string prompt, string completion) =>
        new JsonObject { ["prompt"] = prompt, ["completion"] = completion }.ToJsonString();

    private static (SpecValidation Validation, CompletionData? Data) Encode(
        JsonObject? manifest, string tooLong, params IReadOnlyList<string> first)
    {
        using TestTrainer trainer = new();
        IReadOnlyList<string> rows = [.. first, .. manifest is null ? CompletionRuns.Prompted : CompletionRuns.Conversations];
        JsonObject spec = CompletionRuns.Spec(CompletionRuns.Write(trainer, rows, manifest));
        (spec["tooLong"], spec["dataSeed"], spec["chatTemplate"]) = (tooLong, null, manifest is null ? null : "chatml");
        SpecValidation validation = trainer.Services.Validator.Validate(spec);
        if (validation.Spec is null)
        {
            return (validation, null);
        }

        using LoraLab.Training.Training.RunData data = trainer.Services.Preparation().Read(validation.Spec);
        return (validation, Assert.IsType<CompletionData>(data.Rows));
    }
}
