using LoraLab.Server.Domain;
using LoraLab.Server.Hosting;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
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

    [Theory]
    [InlineData("auto", "cpu", "cuda:1", "auto")]
    [InlineData("cpu", "cpu", "auto")]
    [InlineData("cuda:1", "cuda", "cuda:1", "auto")]
    public void Queues_OfALane_AreThoseOfTheRunsThatItCanExecute(string lane, params string[] devices)
    {
        Lane subject = new(0, lane);

        Assert.All(devices, device => Assert.Contains(Lane.QueueOf(device), subject.Queues));
        Assert.All(((string[])["cpu", "cuda"]).Where(device => !subject.Accepts(device)), device =>
            Assert.DoesNotContain(Lane.QueueOf(device), subject.Queues));
    }

    [Theory]
    [InlineData("auto", null)]
    [InlineData("auto,cpu", null)]
    [InlineData("cpu,cuda", null)]
    [InlineData("cuda:0,cuda:1,cpu", null)]
    [InlineData("cpu,cpu", "LoraLab:Devices lists cpu twice")]
    [InlineData("cuda:1,cpu,cuda:1", "LoraLab:Devices lists cuda:1 twice")]
    [InlineData("auto,cuda", "auto and cuda, whose runs could meet on one GPU")]
    [InlineData("cuda,cuda:0", "cuda and cuda:0, whose runs could meet on one GPU")]
    [InlineData("cuda:1,auto", "cuda:1 and auto, whose runs could meet on one GPU")]
    [InlineData("cuda:1,cuda:01", "cuda:1 and cuda:01, whose runs could meet on one GPU")]
    public void Configuration_LanesThatCouldMeetOnOneDevice_AreRefused(string devices, string? expected)
    {
        LoraLabOptions options = new() { Devices = [.. devices.Split(',')] };

        ValidateOptionsResult result = new LoraLabOptionsValidator(new ConfigurationBuilder().Build()).Validate(null, options);

        Assert.Equal(expected is null, result.Succeeded);
        Assert.Contains(expected ?? "", result.FailureMessage ?? "", StringComparison.Ordinal);
    }
}
