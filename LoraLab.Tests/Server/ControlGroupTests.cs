using LoraLab.Files;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Limits of control groups, from files as Linux has them in a container, under systemd and on an old kernel.</summary>
public sealed class ControlGroupTests : IDisposable
{
    private const string Version2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";

    private readonly TemporaryFolder _root = new();

    public ControlGroupTests()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Control groups are a feature of Linux.");
        }
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Read_ContainerOfVersion2_HasItsQuotaAndMemory()
    {
        Process("0::/", Version2);
        Group("", ("cpu.max", "150000 100000"), ("memory.max", "1073741824"), ("memory.current", "400000000"),
            ("memory.stat", "anon 1\ninactive_file 100000000\n"));

        ControlGroup group = ControlGroup.Read(_root.Path);

        Assert.Equal((1.5, 1073741824.0, 300000000.0), (group.Cpus, group.MemoryBytes, group.MemoryUsedBytes));
        Assert.Equal((2, 1, 2), (group.Threads(8), group.Threads(1), group.Threads(2)));
    }

    [Fact]
    public void Read_LimitsOfGroupsAbove_TheSmallestCounts()
    {
        Process("0::/lab.slice/run.scope", Version2);
        Group("lab.slice/run.scope", ("cpu.max", "400000 100000"), ("memory.max", "max"));
        Group("lab.slice", ("cpu.max", "50000 100000"), ("memory.max", "2147483648"), ("memory.current", "7"));
        Group("", ("cpu.max", "max 100000"));

        ControlGroup group = ControlGroup.Read(_root.Path);

        Assert.Equal((0.5, 2147483648.0, 7.0), (group.Cpus, group.MemoryBytes, group.MemoryUsedBytes));
        Assert.Equal(1, group.Threads(8));
    }

    [Fact]
    public void Read_Version1MountedAtTheContainersOwnGroup_HasItsQuotaAndMemory()
    {
        Process(
            "11:memory:/docker/abc\n10:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc",
            "40 39 0:30 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory",
            "41 39 0:31 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct");
        Group("cpu,cpuacct", ("cpu.cfs_quota_us", "300000"), ("cpu.cfs_period_us", "100000"));
        Group("memory", ("memory.limit_in_bytes", "536870912"), ("memory.usage_in_bytes", "1000"),
            ("memory.stat", "total_inactive_file 400"));

        ControlGroup group = ControlGroup.Read(_root.Path);

        Assert.Equal((3.0, 536870912.0, 600.0), (group.Cpus, group.MemoryBytes, group.MemoryUsedBytes));
    }

    [Theory]
    [InlineData("max 100000", "max")]
    [InlineData("-1", "9223372036854771712")]
    [InlineData("nonsense", "")]
    [InlineData("0 0", "more")]
    public void Read_NoLimit_IsNull(string cpu, string memory)
    {
        Process("0::/", Version2);
        Group("", ("cpu.max", cpu), ("memory.max", memory));

        ControlGroup group = ControlGroup.Read(_root.Path);

        Assert.Equal((null, null, 4), (group.Cpus, group.MemoryBytes, group.Threads(4)));
    }

    [Fact]
    public void Read_GroupOutsideTheMount_IsThatOfTheMount()
    {
        Process("0::/../../elsewhere", Version2);
        Group("", ("cpu.max", "200000 100000"));

        Assert.Equal(2, ControlGroup.Read(_root.Path).Cpus);
    }

    [Fact]
    public void Read_NoControlGroups_IsEmpty() => Assert.Equal(new ControlGroup(), ControlGroup.Read(_root.Path));

    private void Process(string groups, params string[] mounts)
    {
        _root.Write("proc/self/cgroup", groups + "\n");
        _root.Write("proc/self/mountinfo", string.Join('\n', mounts) + "\n");
    }

    private void Group(string path, params (string File, string Text)[] files) =>
        Array.ForEach(files, file => _root.Write($"sys/fs/cgroup/{path}/{file.File}", file.Text + "\n"));
}
