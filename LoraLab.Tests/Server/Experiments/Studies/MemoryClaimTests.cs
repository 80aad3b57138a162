using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>The claims "LoRA-XS has the same memory footprint" and "all five methods fit in 8 GB".</summary>
public sealed class MemoryClaimTests
{
    private static readonly string[] _five = ["lora", "lora-swapped", "lora-xs", "lora-plus", "pissa"];

    [Theory]
    [InlineData(4200, ClaimVerdict.Supported)]
    [InlineData(3800, ClaimVerdict.Supported)]
    [InlineData(4201, ClaimVerdict.NotSupported)]
    [InlineData(3400, ClaimVerdict.NotSupported)]
    public void JudgeFootprint_RatioToLora_DecidesAtFivePercent(double peak, ClaimVerdict verdict)
    {
        StudyClaim claim = Cuda("lora", 4000).Add("lora-xs", peak).Claim("lora-xs-memory");

        Assert.Equal((verdict, true), (claim.Verdict, claim.MatchesPaper));
        Assert.Equal(peak / 4000, claim.Evidence[0].Value!.Value, 1e-12);
        Assert.Equal(1, claim.Evidence[0].N);
    }

    [Fact]
    public void JudgeFootprint_PairsThatDisagree_IsInconclusive()
    {
        StudyClaim claim = Cuda("lora", 4000, 4000).Add("lora-xs", 4000, 5000).Claim("lora-xs-memory");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("1 of 2 pairs are equal within 5%", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void JudgeFootprint_OnTheCpu_IsNotRun()
    {
        StudyClaim claim = new HandMadeStudy()
            .Run(new HandMadeRun("lora", 1) { PeakMemoryMb = 1000 })
            .Run(new HandMadeRun("lora-xs", 1) { PeakMemoryMb = 1000 })
            .Claim("lora-xs-memory");

        Assert.Equal(ClaimVerdict.NotRun, claim.Verdict);
        Assert.Contains("compared on CUDA only, and these runs used cpu", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void JudgeFootprint_UnmeasuredOrOtherCard_IsNoPair()
    {
        HandMadeStudy study = new HandMadeStudy()
            .Run(OnCuda("lora", 1, 4000))
            .Run(OnCuda("lora-xs", 1, 4000) with { PeakMemoryMb = null })
            .Run(OnCuda("lora", 2, 4000))
            .Run(OnCuda("lora-xs", 2, 4000) with { DeviceName = "another card" });

        StudyClaim claim = study.Claim("lora-xs-memory");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("No seed has a measurement of both methods on the same CUDA device", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void JudgeFootprint_WithoutLoraXs_IsNotRun() =>
        Assert.Equal(ClaimVerdict.NotRun, Cuda("lora", 4000).Study.Claim("lora-xs-memory").Verdict);

    [Fact]
    public void JudgeFits_AllFiveBelow_IsSupported()
    {
        StudyClaim claim = Five(8192, 8000).Claim("fits-8gb");

        Assert.Equal((ClaimVerdict.Supported, true), (claim.Verdict, claim.MatchesPaper));
        Assert.Equal("The largest peak of any method is 8,192 MiB over 10 runs.", claim.Finding);
        Assert.All(claim.Evidence, figure => Assert.Equal((8192, 2), ((int)figure.Value!.Value, figure.N)));
    }

    [Fact]
    public void JudgeFits_OneAbove_IsNotSupported()
    {
        HandMadeStudy study = Five(6000);
        study.Run(OnCuda("pissa", 9, 8193));

        StudyClaim claim = study.Claim("fits-8gb");

        Assert.Equal(ClaimVerdict.NotSupported, claim.Verdict);
        Assert.Contains("pissa requires 8,193 MiB", claim.Finding, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(8192, ClaimVerdict.NotSupported)]
    [InlineData(4096, ClaimVerdict.Supported)]
    public void JudgeFits_RunThatItsBudgetDidNotHold_CountsWhereTheBudgetIsTheCards(int budget, ClaimVerdict verdict)
    {
        HandMadeStudy study = Five(6000);
        study.Run(OnCuda("pissa", 9, 0) with { State = RunState.Failed, EndReason = EndReason.BudgetExceeded, BudgetMb = budget });

        Assert.Equal(verdict, study.Claim("fits-8gb").Verdict);
    }

    [Fact]
    public void JudgeFits_EvaluationAboveTheBudget_Counts()
    {
        HandMadeStudy study = Five(6000);
        study.Run(OnCuda("lora", 9, 6000) with { BudgetMb = 8192, BudgetExceededMb = 100 });

        StudyClaim claim = study.Claim("fits-8gb");

        Assert.Equal(ClaimVerdict.NotSupported, claim.Verdict);
        Assert.Contains("lora requires 8,292 MiB", claim.Finding, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void JudgeFits_OutOfMemory_IsInconclusive()
    {
        HandMadeStudy study = Five(6000);
        study.Run(OnCuda("lora", 9, 0) with { State = RunState.Failed, EndReason = EndReason.OutOfMemory });

        StudyClaim claim = study.Claim("fits-8gb");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("(out of memory)", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void JudgeFits_FourMethodsMeasured_IsInconclusive()
    {
        HandMadeStudy study = new();
        foreach (string method in _five)
        {
            study.Run(OnCuda(method, 1, 6000) with { PeakMemoryMb = method == "pissa" ? null : 6000 });
        }

        StudyClaim claim = study.Claim("fits-8gb");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Equal("No measured peak on CUDA for pissa.", claim.Finding);
    }

    [Fact]
    public void JudgeFits_OnTheCpu_IsNotRun()
    {
        HandMadeStudy study = new();
        foreach (string method in _five)
        {
            study.Run(new HandMadeRun(method, 1) { PeakMemoryMb = 1000 });
        }

        Assert.Equal(ClaimVerdict.NotRun, study.Claim("fits-8gb").Verdict);
    }

    private static HandMadeRun OnCuda(string method, long seed, double peak) =>
        new(method, seed) { Device = "cuda:0", DeviceName = "a card", PeakMemoryMb = peak };

    private static HandMadeStudy Five(params double[] peaks)
    {
        HandMadeStudy study = new();
        foreach (string method in _five)
        {
            _ = new Builder(study).Add(method, peaks);
        }

        return study;
    }

    private static Builder Cuda(string method, params double[] peaks) => new Builder(new HandMadeStudy()).Add(method, peaks);

    private sealed record Builder(HandMadeStudy Study)
    {
        public Builder Add(string method, params double[] peaks)
        {
            foreach ((int index, double peak) in peaks.Index())
            {
                Study.Run(OnCuda(method, index + 1, peak));
            }

            return this;
        }

        public StudyClaim Claim(string id) => Study.Claim(id);
    }
}
