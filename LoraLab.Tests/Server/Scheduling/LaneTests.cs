using LoraLab.Server.Domain;
using Xunit;

namespace LoraLab.Tests.Server.Scheduling;

public sealed class LaneTests
{
    [Theory]
    [InlineData("auto", "auto", true, "auto")]
    [InlineData("auto", "cuda:1", true, "cuda:1")]
    [InlineData("cpu", "auto", true, "cpu")]
    [InlineData("cpu", "cuda", false, "")]
    [InlineData("cuda:0", "auto", true, "cuda:0")]
    [InlineData("cuda:0", "cuda", true, "cuda:0")]
    [InlineData("cuda:0", "cuda:1", false, "")]
    [InlineData("cuda:0", "cpu", false, "")]
    [InlineData("cuda", "cuda:1", true, "cuda:1")]
    public void Accepts_RequestedDevice_MatchesTheLane(string lane, string requested, bool accepts, string passed)
    {
        Lane subject = new(0, lane);

        Assert.Equal(accepts, subject.Accepts(requested));
        if (accepts)
        {
            Assert.Equal(passed, subject.DeviceFor(requested));
        }
    }
}
