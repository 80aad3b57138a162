using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests;

public sealed class ContractJsonTests
{
    [Fact]
    public void RunSpec_Defaults_AreThoseOfTheContract()
    {
        string json = JsonSerializer.Serialize(new RunSpec(), ContractJson.Options);

        Assert.Equal(
            """{"name":null,"notes":null,"tags":[],"priority":0,"requires":[]"""
                + ""","model":"sample","dataset":"sample","method":"lora","rank":8,"alpha":16,"dropout":0,"rankStabilized":false"""
                + ""","targetModules":["q_proj","v_proj"],"layersToTransform":null"""
                + ""","excludeModules":null,"rankPattern":null,"alphaPattern":null,"methodOptions":{},"initFrom":null"""
                + ""","learningRate":null,"learningRateB":null,"schedule":"linear","warmupSteps":0,"scheduleSteps":null,"weightDecay":0"""
                + ""","maxGradNorm":1,"epochs":1,"maxSteps":null,"trainSamples":20000,"dataSeed":42,"dataOffset":0,"orderSeed":null"""
                + ""","seed":42,"effectiveBatch":16,"microBatch":"auto","packTokens":null"""
                + ""","recompute":"auto","optimizerState":"device","prompt":null"""
                + ""","chatTemplate":null,"stripSentence":false"""
                + ""","tooLong":"refuse","maxTokens":null"""
                + ""","lossScope":"full","lossWeighting":"perExampleMean","evalEvery":50,"earlyStopPatience":null,"evalSamples":null"""
                + ""","evalSplit":"dev","labelScore":"sum","generateSamples":0,"generateTokens":64"""
                + ""","precision":"auto","baseWeights":"asStored","device":"auto","memoryBudgetMb":null}""",
            json);
    }

    [Theory]
    [InlineData("""{"targetModules":"all-linear","microBatch":4}""")]
    [InlineData("""{"targetModules":["q_proj"],"microBatch":"auto"}""")]
    public void RunSpec_UnionFields_SurviveARoundTrip(string json)
    {
        RunSpec spec = JsonSerializer.Deserialize<RunSpec>(json, ContractJson.Options)!;
        RunSpec again = JsonSerializer.Deserialize<RunSpec>(JsonSerializer.Serialize(spec, ContractJson.Options), ContractJson.Options)!;

        Assert.Equal(spec.TargetModules, again.TargetModules);
        Assert.Equal(spec.MicroBatch, again.MicroBatch);
    }
}
