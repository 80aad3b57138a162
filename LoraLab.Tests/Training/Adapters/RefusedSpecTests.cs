using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Values and targets that every method rejects.</summary>
public sealed class RefusedSpecTests
{
    public static TheoryData<string> Methods => MethodBatteryTests.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Validate_RankZero_IsRefused(string method) => AssertRefused(method, "rank", 0, "rank");

    [Theory]
    [MemberData(nameof(Methods))]
    public void Validate_AlphaZero_IsRefused(string method) => AssertRefused(method, "alpha", 0, "alpha");

    [Theory]
    [MemberData(nameof(Methods))]
    public void Validate_TargetThatMatchesNothing_IsRefusedByName(string method) =>
        AssertRefused(method, "targetModules", new JsonArray("q_proj", "c_attn"), "'c_attn' matches no linear layer");

    [Theory]
    [InlineData("pissa")]
    [InlineData("lora-xs")]
    public void Validate_RankAboveTheSmallerSide_IsRejectedAndTheSideItselfIsAccepted(string method)
    {
        using TestTrainer trainer = new(fixtures: true);
        JsonObject spec = MicroSpec.For(method);
        // The value projection is 32×64: four key-value heads of eight.
        (spec["model"], spec["rank"], spec["targetModules"]) = ("stories260K", 33, new JsonArray("q_proj", "v_proj"));

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);
        Assert.Equal("rank", error.Field);
        Assert.Contains("v_proj (32×64)", error.Message, StringComparison.Ordinal);

        spec["rank"] = 32;
        SpecValidation validation = trainer.Services.Validator.Validate(spec);
        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.Contains("hardly low-rank", StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_DropoutWithPissa_Warns()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("pissa");
        spec["dropout"] = 0.1;

        SpecValidation validation = trainer.Services.Validator.Validate(spec);

        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.Contains("dropout with pissa", StringComparison.Ordinal));
    }

    private static void AssertRefused(string method, string field, JsonNode value, string part)
    {
        Assert.NotNull(LoraMethods.Find(method));
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For(method);
        spec[field] = value;

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal(field, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
