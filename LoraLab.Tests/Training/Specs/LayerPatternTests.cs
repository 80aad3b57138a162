using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Training.Fingerprints;
using Xunit;

namespace LoraLab.Tests.Training.Specs;

/// <summary>Ranks, alphas, layers and excluded modules of a specification: what PEFT's rules match, and what is refused.</summary>
public sealed class LayerPatternTests : IDisposable
{
    private readonly TestTrainer _trainer = new();

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData("q_proj", true)]
    [InlineData("self_attn.q_proj", true)]
    [InlineData("layers.1.self_attn.q_proj", true)]
    [InlineData("model.layers.1.self_attn.q_proj", true)]
    [InlineData("proj", false)]
    [InlineData("attn.q_proj", false)]
    [InlineData("q_pro", false)]
    [InlineData("layers.1", false)]
    [InlineData("layers.11.self_attn.q_proj", false)]
    [InlineData("(q|k)_proj", true)]
    [InlineData("k_proj|q_proj", true)]
    [InlineData("q.proj", true)]
    [InlineData(".*", true)]
    [InlineData(@"layers\.(0|1)\..*", true)]
    [InlineData("(?=q).*_proj", true)]
    [InlineData("(?=k).*_proj", false)]
    [InlineData("q_proj(", false)]
    public void Find_Key_MatchesAsInPeft(string key, bool matches)
    {
        ModulePatterns<int> patterns = ModulePatterns<int>.Of(new Dictionary<string, int> { [key] = 3 })!;

        Assert.Equal(matches ? 3 : null, patterns.Find("model.layers.1.self_attn.q_proj"));
    }

    [Fact]
    public void Find_SeveralKeysThatMatch_TheFirstCounts()
    {
        Dictionary<string, int> forward = new() { ["layers.1.self_attn.q_proj"] = 2, ["q_proj"] = 8 };
        Dictionary<string, int> backward = new(forward.Reverse());

        Assert.Equal(2, ModulePatterns<int>.Of(forward)!.Find("model.layers.1.self_attn.q_proj"));
        Assert.Equal(8, ModulePatterns<int>.Of(backward)!.Find("model.layers.1.self_attn.q_proj"));
    }

    [Theory]
    [InlineData("rankPattern", """{"q_prj": 8}""", "'q_prj' matches no linear layer of this model; did you mean 'q_proj'?")]
    [InlineData("rankPattern", """{"layers.1.self_atn.v_proj": 2}""", "did you mean 'layers.1.self_attn.v_proj'?")]
    [InlineData("rankPattern", """{"layers.7.self_attn.v_proj": 2}""", "'layers.7.self_attn.v_proj' matches no linear layer")]
    [InlineData("rankPattern", """{"up_proj": 2}""", "that the run does not adapt (model.layers.0.mlp.up_proj)")]
    [InlineData("rankPattern", """{"q_proj": 8, "layers.1.self_attn.q_proj": 2}""", "matches only layers that 'q_proj' before it matches")]
    [InlineData("rankPattern", """{"q_proj(": 8}""", "'q_proj(' is not a regular expression")]
    [InlineData("rankPattern", """{"v_proj": 33}""", "'v_proj' must be at most 32, the smaller dimension of v_proj (32×64); it is 33")]
    [InlineData("rankPattern", """{"q_proj": 0}""", "must have numbers that are at least 1; that of 'q_proj' is 0")]
    [InlineData("rankPattern", """{"q_proj": 1.5}""", "must be an object of module names and whole numbers")]
    [InlineData("rankPattern", """{"q_proj": null}""", "must be an object of module names and whole numbers")]
    [InlineData("rankPattern", """{" ": 4}""", "must have names of modules")]
    [InlineData("rankPattern", "8", "must be an object of module names and whole numbers; it is 8")]
    [InlineData("alphaPattern", """{"k_proj": 4}""", "that the run does not adapt (model.layers.0.self_attn.k_proj)")]
    [InlineData("alphaPattern", """{"q_proj": 0}""", "must have numbers that are greater than 0; that of 'q_proj' is 0")]
    [InlineData("alphaPattern", """{"q_proj": "NaN"}""", "must have numbers that are greater than 0")]
    [InlineData("layersToTransform", "[4]", "must list layers of the model, which are 0 to 3; it lists 4")]
    [InlineData("layersToTransform", "[]", "must list at least one number, or be null for all layers")]
    [InlineData("layersToTransform", "[1, 1]", "lists layer 1 more than once")]
    [InlineData("layersToTransform", "[-1]", "must list numbers that are at least 0; it lists -1")]
    [InlineData("layersToTransform", "1", "must be a list of whole numbers; it is 1")]
    [InlineData("excludeModules", """["q_prj"]""", "did you mean 'q_proj'?")]
    [InlineData("excludeModules", """["attn.q_proj"]""", "did you mean 'self_attn.q_proj'?")]
    [InlineData("excludeModules", """["(q|k)_proj"]""", "is neither the name of a linear layer of this model nor the end of one")]
    [InlineData("excludeModules", """["up_proj"]""", "is not among targetModules (q_proj, v_proj)")]
    [InlineData("excludeModules", """["q_proj", "v_proj"]""", "excludes every target module, so that there is nothing to train")]
    public void Validate_FieldThatDoesNotFitTheModel_IsRefusedWithItsCure(string field, string value, string part)
    {
        FieldError error = Assert.Single(Validate((field, value)).Errors);

        Assert.Equal(field, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_PatternOfLayersLeftOut_IsRefused()
    {
        SpecValidation validation = Validate(
            ("layersToTransform", "[0, 1]"), ("rankPattern", """{"layers.2.self_attn.q_proj": 2}"""));

        Assert.Contains("does not adapt (model.layers.2.self_attn.q_proj)", Assert.Single(validation.Errors).Message);
    }

    [Fact]
    public void Validate_AllTargetsOfTheLayersExcluded_IsRefused()
    {
        SpecValidation validation = Validate(
            ("layersToTransform", "[1]"), ("excludeModules", """["layers.1.self_attn.q_proj", "layers.1.self_attn.v_proj"]"""));

        Assert.Contains("every target module of layersToTransform", Assert.Single(validation.Errors).Message);
    }

    [Fact]
    public void Validate_RankOfPattern_IsThatOfTheLayersItMatches()
    {
        // 33 is too large for the values (32×64), but only the queries (64×64) have it.
        SpecValidation validation = Validate(("rank", "33"), ("rankPattern", """{"v_proj": 2}"""));

        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.StartsWith("rank 33 is more than a quarter", StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_LayersAndPatterns_AreInNameParametersAndHash()
    {
        SpecValidation plain = Validate();

        SpecValidation validation = Validate(
            ("targetModules", "\"all-linear\""),
            ("layersToTransform", "[0, 1, 3]"),
            ("excludeModules", """["up_proj", "layers.3.self_attn.o_proj"]"""),
            ("rankPattern", """{"layers.1.self_attn.v_proj": 2, "q_proj": 8}"""),
            ("alphaPattern", """{"down_proj": 4.5}"""));

        Assert.Empty(validation.Errors);
        Assert.StartsWith(
            "lora r2-8 a4.5-8 layers 0-1,3 without up_proj,layers.3.self_attn.o_proj lr",
            validation.SuggestedName!,
            StringComparison.Ordinal);
        // Width 64, keys and values 32, inner width 176; three layers.
        const int Queries = 8 * 128, KeyValue = 4 * 96, Output = 4 * 128, Gate = 4 * 240;
        Assert.Equal((3 * Queries) + (5 * KeyValue) + (2 * 96) + (2 * Output) + (6 * Gate), validation.TrainableParameters);
        Assert.NotEqual(SpecHash.Of(plain.Spec!), SpecHash.Of(plain.Spec! with { LayersToTransform = [0] }));
        Assert.NotEqual(
            SpecHash.Of(plain.Spec!), SpecHash.Of(plain.Spec! with { RankPattern = new Dictionary<string, int> { ["q_proj"] = 8 } }));
    }

    [Fact]
    public void Validate_EmptyPatterns_AreNone()
    {
        RunSpec spec = Validate(("rankPattern", "{}"), ("alphaPattern", "{}"), ("excludeModules", "[]")).Spec!;

        Assert.Equal((null, null, null), (spec.RankPattern, spec.AlphaPattern, spec.ExcludeModules));
        Assert.Equal(SpecHash.Of(Validate().Spec!), SpecHash.Of(spec));
    }

    private SpecValidation Validate(params (string Field, string Value)[] fields)
    {
        JsonObject spec = MicroSpec.For("lora");
        foreach ((string field, string value) in fields)
        {
            spec[field] = JsonNode.Parse(value);
        }

        return _trainer.Services.Validator.Validate(spec);
    }
}
