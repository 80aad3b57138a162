namespace LoraLab.Tests.Support;

/// <summary>A clock that advances one second per reading, so that anything batched by time is flushed immediately.</summary>
internal sealed class LeapingClock : TimeProvider
{
    private long _seconds;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => ++_seconds;
}
