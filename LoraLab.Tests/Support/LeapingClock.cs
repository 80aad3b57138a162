namespace LoraLab.Tests.Support;

/// <summary>A clock on which a second passes between any two looks: whatever is gathered for a moment is told at once.</summary>
internal sealed class LeapingClock : TimeProvider
{
    private long _seconds;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => ++_seconds;
}
