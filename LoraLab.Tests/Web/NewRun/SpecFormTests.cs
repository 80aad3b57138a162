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

    [Theory]
    [InlineData("rankPattern", "q_proj: 8, layers.1.self_attn.v_proj:2", """{"q_proj":8,"layers.1.self_attn.v_proj":2}""")]
    [InlineData("rankPattern", "q_proj: 8, ", """{"q_proj":8}""")]
    [InlineData("rankPattern", "{\"(q|k){1,2}_proj\": 8}", """{"(q|k){1,2}_proj":8}""")]
    [InlineData("rankPattern", "q_proj:", "\"q_proj:\"")]
    [InlineData("rankPattern", "q_proj: 8, q_proj: 4", "\"q_proj: 8, q_proj: 4\"")]
    [InlineData("alphaPattern", "down_proj: 0.5", """{"down_proj":0.5}""")]
    [InlineData("alphaPattern", "", "null")]
    [InlineData("layersToTransform", "0, 1,3", "[0,1,3]")]
    [InlineData("layersToTransform", "0, one", """[0,"one"]""")]
    [InlineData("excludeModules", "up_proj, layers.0.self_attn.q_proj", """["up_proj","layers.0.self_attn.q_proj"]""")]
    public void SetText_ListOrPattern_IsSentAsJsonAndShownAsTyped(string name, string typed, string json)
    {
        SpecForm form = new();

        form.SetText(FormFields.Of(name), typed);

        Assert.Equal(json, form.Values[name]?.ToJsonString() ?? "null");
        Assert.Equal(typed, form.Text(name));
    }

    [Fact]
    public void Text_PatternOfAClonedRun_CanBeTypedAgain()
    {
        SpecForm form = new();
        Dictionary<string, int> ranks = new() { ["q_proj"] = 8, ["v_proj"] = 2 };
        form.Start(new RunSpec { RankPattern = ranks, LayersToTransform = [0, 2] });
        string before = form.Values.ToJsonString();

        Assert.Equal(("q_proj: 8, v_proj: 2", "0, 2"), (form.Text("rankPattern"), form.Text("layersToTransform")));
        form.SetText(FormFields.Of("rankPattern"), form.Text("rankPattern"));
        form.SetText(FormFields.Of("layersToTransform"), form.Text("layersToTransform"));
        Assert.Equal(before, form.Values.ToJsonString());
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
