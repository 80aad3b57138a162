using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Pages.NewRun;
using Xunit;

namespace LoraLab.Tests.Web.NewRun;

public sealed class SpecFormTests
{
    private static readonly FormField _rank = new("rank", "Rank", FieldKind.Number);

    [Theory]
    [InlineData("16", "16")]
    [InlineData("1e-4", "0.0001")]
    [InlineData("abc", "\"abc\"")]
    [InlineData("1,5", "\"1,5\"")]
    [InlineData("", "\"\"")]
    public void SetText_Number_IsSentAsANumberOrAsTyped(string typed, string json)
    {
        SpecForm form = new();

        form.SetText(_rank, typed);

        Assert.Equal(JsonNode.Parse(json)!.ToJsonString(), form.Values["rank"]!.ToJsonString());
    }

    [Fact]
    public void Minimal_NothingChanged_NamesModelDataAndMethodOnly() =>
        Assert.Equal("""{"model":"sample","dataset":"sample","method":"lora"}""", new SpecForm().Minimal().ToJsonString());

    [Fact]
    public void Changes_AppliedToAFreshForm_GiveTheSameForm()
    {
        SpecForm form = new();
        form.SetText(_rank, "abc");
        form.Set("targetModules", TargetModules.AllLinearWord);

        SpecForm reloaded = new();
        reloaded.Apply(form.Changes());

        Assert.True(JsonNode.DeepEquals(form.Values, reloaded.Values));
    }

    [Fact]
    public void ChooseMethod_RateEqualToTheFormerDefault_IsReset()
    {
        MethodDescriptor former = Descriptor("lora", 2e-4);
        MethodDescriptor next = Descriptor("pissa", 5e-5);
        SpecForm form = new();
        form.Start(new RunSpec { LearningRate = 2e-4, LearningRateB = 1e-3, InitFrom = "adapter" });

        form.ChooseMethod(former, next);

        Assert.Equal("pissa", form.Method);
        Assert.Null(form.Values["learningRate"]);
        Assert.Null(form.Values["learningRateB"]);
        Assert.Null(form.Values["initFrom"]);
    }

    private static MethodDescriptor Descriptor(string id, double rate) => new()
    {
        Id = id,
        Name = id,
        Summary = "",
        Formula = "",
        Trains = "",
        Start = "",
        Source = "",
        Color = "#000000",
        DefaultLearningRate = rate,
    };
}
