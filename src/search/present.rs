//! Who is in a window that slides: members are counted as their transfers come and go.

/// How many transfers of a window each member has, and how many members have any. Members are numbered.
#[derive(Debug, Default)]
pub(super) struct Present {
    transfers: Vec<u32>,
    members: usize,
}

impl Present {
    /// Nobody, of so many.
    pub(super) fn none_of(members: usize) -> Self {
        Self { transfers: vec![0; members], members: 0 }
    }

    /// How many members have a transfer in the window.
    pub(super) fn members(&self) -> usize {
        self.members
    }

    /// How many transfers of the window a member has.
    #[inline]
    pub(super) fn transfers_of(&self, member: usize) -> usize {
        self.transfers[member] as usize
    }

    /// A transfer comes into the window.
    #[inline]
    pub(super) fn enter(&mut self, member: usize) {
        let transfers = &mut self.transfers[member];
        *transfers += 1;
        self.members += usize::from(*transfers == 1);
    }

    /// A transfer goes out of it.
    #[inline]
    pub(super) fn leave(&mut self, member: usize) {
        let transfers = &mut self.transfers[member];
        *transfers -= 1;
        self.members -= usize::from(*transfers == 0);
    }
}
